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

bool Places::is_written(Bytes bytes) const {
  auto next = outputs_.lower_bound(bytes.data() + bytes.size());
  return next != outputs_.begin() && std::prev(next)->first + std::prev(next)->second > bytes.data();
}

Places::Claim Places::claim(Bytes output) {
  if (output.empty()) return {};
  std::lock_guard lock(mutex_);
  if (is_written(output))
    throw UsageError(
        fmt::format("an output of {} bytes overlaps one of a call that has not ended (or of the same call): two kernels would write there at once",
                    output.size()));
  const std::byte *begin = output.data(), *end = begin + output.size();
  Claim claim{{0, kNowhere, reinterpret_cast<std::uintptr_t>(begin), output.size()}, nullptr};
  for (auto array = arrays_.lower_bound(end); array != arrays_.begin();) {
    auto [first, found] = *--array;
    if (first + found.bytes <= begin) break;
    if (found.state->is_sealed()) throw UsageError("an output lies in a sealed array: other kernels may be reading it; allocate another");
    if (first > begin || end > first + found.bytes) continue;  // a part of it alone: the master's own memory, as far as anybody knows
    claim.array = found.state->weak_from_this().lock();
    if (!claim.array) throw UsageError("an output lies in an array that is going: its last handle is being dropped");
    claim.ref = found.state->part(static_cast<std::size_t>(begin - first), output.size());
  }
  outputs_.emplace(begin, output.size());
  return claim;
}

void Places::expect_no_output(Bytes bytes) {
  std::lock_guard lock(mutex_);
  if (!bytes.empty() && is_written(bytes)) throw UsageError("an output of a call that has not ended lies in this array: wait for it, then seal()");
}

void Places::release(Bytes output) {
  if (output.empty()) return;
  std::lock_guard lock(mutex_);
  outputs_.erase(output.data());
}

}  // namespace gluster::master
