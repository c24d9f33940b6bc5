#pragma once
#include <memory>

#include <gluster/plugin.hpp>

#include "wire/message.hpp"

namespace gluster::plugin {

// A chunk of a map as one invocation: runs the kernel for each item, and an item that throws fails alone. `head` has been read from `in`, whose
// next arguments are the items'. `fold`: the kernel that makes one value of the items'; null: each is sent.
// Throws DataError.
std::unique_ptr<Invocation> open_batch(const wire::BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in);

}  // namespace gluster::plugin
