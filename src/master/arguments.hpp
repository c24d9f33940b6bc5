#pragma once
#include <span>

#include <gluster/arguments.hpp>

#include "master/kernel_entry.hpp"

namespace gluster::master {

// Checks a call against its kernel and encodes it, closed, into `frame`. Throws UsageError that names the kernel's signature, the call's, and
// the first argument that differs. An arithmetic argument converts when its value is exactly representable.
void encode_call(const KernelEntry& kernel, std::span<const detail::Argument> arguments, const Type& result, Encoder& frame);

// The arguments of a map's item, checked: its own, then those of all items. Throws UsageError that names the item.
void encode_item(const KernelEntry& kernel, std::size_t item, std::span<const detail::Argument> own, std::span<const detail::Argument> common,
                 Encoder& frame);

// False: whatever their values, no item with arguments of these types is one of the kernel's.
bool may_fit(const KernelEntry& kernel, std::span<const detail::Argument> own, std::span<const detail::Argument> common);

// Checks a handle's whole type: arithmetic parameters may differ, since values convert at each call.
void check_signature(const KernelEntry& kernel, const Signature& wanted);

// Writes `*value`, a `from`, as a `to`; false when that would change it.
bool convert(Scalar from, const void* value, Scalar to, Encoder& out);

}  // namespace gluster::master
