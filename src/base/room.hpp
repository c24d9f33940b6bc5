#pragma once
#include <chrono>
#include <cstdint>

namespace gluster::base {

// Whether there is room for block after block. To ask costs 0.1 ms, so what was heard holds for a while, less what has been granted since.
class Room {
 public:
  using Clock = std::chrono::steady_clock;

  // `ask` returns the bytes that can still be had.
  template <class F>
  bool grant(std::uint64_t bytes, Clock::time_point now, F&& ask) {
    if (now - asked_ >= kHolds || bytes > left_) {
      left_ = ask();
      asked_ = now;
    }
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds kHolds{100};

  Clock::time_point asked_{};
  std::uint64_t left_ = 0;
};

}  // namespace gluster::base
