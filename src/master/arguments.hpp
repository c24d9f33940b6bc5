#pragma once
#include <optional>
#include <span>

#include <gluster/arguments.hpp>

#include "master/kernel_entry.hpp"

namespace gluster::master {

// Node memory for a call's own large data, which then need not travel.
class Lender {
 public:
  virtual ~Lender() = default;
  // Where a copy of the block lies; empty: it is to travel.
  virtual std::optional<SharedRef> lend(const Segment& block) = 0;
  // Where an output is to be written, which the call wants in the master's own memory; empty: it is to travel.
  virtual std::optional<SharedRef> lend_for(const SharedRef& output) = 0;
};

// Checks a call against its kernel and encodes it, closed, into `frame`. Throws UsageError that names the kernel's signature, the call's, and
// the first argument that differs. An arithmetic argument converts when its value is exactly representable. `lender` (null: there is none) is
// asked for outputs, and for what the kernel looks at where it lies.
void encode_call(const KernelEntry& kernel, std::span<const detail::Argument> arguments, const Type& result, Encoder& frame,
                 Lender* lender = nullptr);

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
