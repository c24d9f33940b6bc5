#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace gluster::runner {

// How long memory is kept in case the next call wants it again: a second, and twice as long each time that it was given back too soon. To have 10 MiB made anew takes a kernel milliseconds,
// and calls that are two seconds apart would pay that each time. Times are nanoseconds of one clock. One thread, but for length().
class Patience {
 public:
  static constexpr std::int64_t kShortest = 1'000'000'000, kLongest = 16 * kShortest;

  // Any thread.
  std::int64_t length() const noexcept { return length_.load(std::memory_order_relaxed); }
  void gave_back(std::int64_t now) noexcept { gave_back_ = now; }
  void wanted(std::int64_t now) noexcept {
    if (gave_back_ == 0) return;
    length_.store(now - gave_back_ < kLongest ? std::min(2 * length(), kLongest) : kShortest, std::memory_order_relaxed);
    gave_back_ = 0;
  }

 private:
  std::atomic<std::int64_t> length_ = kShortest;
  std::int64_t gave_back_ = 0;  // 0: it is kept
};

}  // namespace gluster::runner
