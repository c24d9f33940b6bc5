#pragma once
#include <cstdint>
#include <exception>

#include <gluster/plugin.hpp>

#include "wire/message.hpp"

namespace gluster::plugin {

// Runs a call whose arguments have arrived and encodes what a Result carries: its value, or what the kernel threw. Throws nothing.
// Without the baton: a kernel may take an hour.
void execute(Invocation& call, Decoder& arguments, Encoder& result);

// Inside a handler: what is being handled, as a Result tells it.
wire::Failure failure_of_current_exception();

// Encodes a Result for a call that was cancelled before it ran.
void drop(Encoder& result);

// Encodes a Result for a call that could not be run.
void refuse(const std::exception& why, Encoder& result);

}  // namespace gluster::plugin
