#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

namespace gluster::base {

// How whoever waits rests between looks: spin for some tens of microseconds, then yield, then sleep in growing steps.
//
// The longest sleep bounds both costs of waiting: about 1 % of a core, and less than a millisecond until the first
// message after a rest is seen.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  // Something happened: the next waits are short again.
  void reset() noexcept { looks_ = 0; }

  // False once it sleeps: whoever has something slower to do may do it now.
  bool is_fresh() const noexcept { return looks_ < kLooksBeforeSleep; }

  // Something large is on its way, and moves only while somebody looks.
  void wait_briefly() {
    if (looks_ < kLooksBeforeSleep - 1) ++looks_;
    if (looks_ >= kLooksBeforeYield) std::this_thread::yield();
  }

  void wait() {
    ++looks_;
    if (looks_ < kLooksBeforeYield) return;  // a look itself takes its time: pausing as well would cost an empty call a tenth
    if (looks_ < kLooksBeforeSleep) return std::this_thread::yield();
    if (looks_ == kLooksBeforeSleep) sleep_ = kShortestSleep;
    std::this_thread::sleep_for(sleep_);
    sleep_ = std::min(sleep_ * 2, kLongestSleep);
    looks_ = kLooksBeforeSleep;
  }

 private:
  static constexpr int kLooksBeforeYield = 400;
  static constexpr int kLooksBeforeSleep = 600;
  static constexpr std::chrono::microseconds kShortestSleep{20};
  static constexpr std::chrono::microseconds kLongestSleep{800};

  int looks_ = 0;
  std::chrono::microseconds sleep_ = kShortestSleep;
};

}  // namespace gluster::base
