#include "master/places.hpp"

#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace gluster::master {

void Places::add(Bytes bytes, const detail::SharedState& state) {
  std::lock_guard lock(mutex_);
  arrays_.insert_or_assign(bytes.data(), Array{bytes.size(), &state});
}

void Places::remove(Bytes bytes) {
  std::lock_guard lock(mutex_);
  arrays_.erase(bytes.data());
}

SharedRef Places::claim(Bytes output) {
  if (output.empty()) return {};
  std::lock_guard lock(mutex_);
  const std::byte *begin = output.data(), *end = begin + output.size();
  auto next = outputs_.lower_bound(end);
  if (next != outputs_.begin()) {
    auto [other, bytes] = *std::prev(next);
    if (other + bytes > begin)
      throw UsageError(
          fmt::format("an output of {} bytes overlaps one of a call that has not ended (or of the same call): two kernels would write there at once",
                      output.size()));
  }
  SharedRef ref{0, kNowhere, reinterpret_cast<std::uintptr_t>(begin), output.size()};
  auto array = arrays_.upper_bound(begin);
  if (array != arrays_.begin()) {
    auto [first, found] = *std::prev(array);
    if (end <= first + found.bytes) {
      if (found.state->is_sealed()) throw UsageError("an output lies in a sealed array: other kernels may be reading it; allocate another");
      ref = found.state->part(static_cast<std::size_t>(begin - first), output.size());
    }
  }
  outputs_.emplace(begin, output.size());
  return ref;
}

void Places::release(Bytes output) {
  if (output.empty()) return;
  std::lock_guard lock(mutex_);
  outputs_.erase(output.data());
}

}  // namespace gluster::master
