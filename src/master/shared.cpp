#include <gluster/shared.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "base/copy.hpp"
#include "master/engine.hpp"

namespace gluster::detail {
namespace {

constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;

}  // namespace

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
  parts_.engine->places.expect_no_output(parts_.data);
  if (sealed_.exchange(true)) return;
  parts_.engine->with([&](auto& dispatcher) {
    if (auto relay = dispatcher.shares().seal(parts_.object, parts_.data, parts_.owner)) relay->have(parts_.data.size());
  });
}

// To other nodes it goes while the rest is still being copied.
void SharedState::fill_and_seal(const void* from) {
  std::span<std::byte> place = writable();
  sealed_.store(true);
  auto relay = parts_.engine->with([&](auto& dispatcher) { return dispatcher.shares().seal(parts_.object, parts_.data, parts_.owner); });
  const std::size_t step = relay ? kCopiedAtOnce : place.size();
  for (std::size_t here = 0; here < place.size();) {
    std::size_t bytes = std::min(step, place.size() - here);
    base::copy(place.data() + here, static_cast<const std::byte*>(from) + here, bytes);
    here += bytes;
    if (relay) parts_.engine->with([&](auto&) { relay->have(here); });
  }
}

void refuse_part(std::size_t begin, std::size_t count, std::size_t size) {
  throw UsageError(fmt::format("{} elements from {} on are not in an array of {}", count, begin, size));
}

void refuse_size(std::size_t size, std::size_t element) {
  throw UsageError(fmt::format("{} elements of {} bytes are to be shared: no host has so much memory", size, element));
}

void refuse_no_array() { throw UsageError("a Shared that was made by nobody cannot be given to a call: share() and allocate() make arrays"); }

void refuse_unsealed() { throw UsageError("an array that is not sealed cannot be given to a call: fill it, then seal() it"); }

}  // namespace gluster::detail
