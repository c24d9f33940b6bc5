#include <gluster/shared.hpp>

#include <fmt/format.h>

#include "master/engine.hpp"

namespace gluster::detail {

SharedState::SharedState(Parts parts) : parts_(std::move(parts)) { parts_.engine->places.add(parts_.data, *this); }

SharedState::~SharedState() {
  parts_.engine->places.remove(parts_.data);
  parts_.engine->release(parts_.object);
}

std::span<std::byte> SharedState::data() const {
  if (parts_.engine->is_over()) throw UsageError("the cluster has ended, and with it the memory of its shared arrays");
  return parts_.data;
}

std::span<std::byte> SharedState::writable() const {
  if (is_sealed()) throw UsageError("this array is sealed: runners may be reading it; allocate another to be written");
  return data();
}

void SharedState::seal() {
  (void)data();  // it is there
  if (sealed_.exchange(true)) return;
  parts_.engine->with([&](auto& dispatcher) { dispatcher.shares().seal(parts_.object, parts_.data, parts_.owner); });
}

void refuse_part(std::size_t begin, std::size_t count, std::size_t size) {
  throw UsageError(fmt::format("{} elements from {} on are not in an array of {}", count, begin, size));
}

void refuse_unsealed() { throw UsageError("an array that is not sealed cannot be given to a call: fill it, then seal() it"); }

}  // namespace gluster::detail
