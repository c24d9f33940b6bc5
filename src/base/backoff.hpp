#pragma once
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace gluster::base {

// Tells the processor that this is a loop which waits: what shares its core with it runs faster then.
inline void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How whoever waits rests between looks: spin for about a round trip, then yield, then sleep in growing steps.
//
// To yield costs nothing where nobody else wants the core. Where ranks outnumber cores, whoever spins keeps the core from whom it waits for: after 400 looks instead of 2
// an empty call of three ranks on two cores took 150 us, not 2.
//
// The sleeping is its caller's: a link wakes who sleeps at it.
class Backoff {
 public:
  // No sleep is longer than `longest`.
  explicit Backoff(std::chrono::microseconds longest) : longest_(longest) {}

  // Something happened: the next waits are short again.
  void reset() noexcept { looks_ = 0; }

  // False once it sleeps: whoever has something slower to do may do it now.
  bool is_fresh() const noexcept { return looks_ < kLooksBeforeSleep; }

  // Something large is on its way, and moves only while somebody looks.
  void wait_briefly() {
    if (looks_ < kLooksBeforeSleep - 1) ++looks_;
    if (looks_ >= kLooksBeforeYield) std::this_thread::yield();
  }

  // Zero: look again. Else sleep for so long first. `is_still` says, cheaply, that a look would find nothing.
  template <class F>
  std::chrono::microseconds wait(F&& is_still) {
    if (looks_ < kLooksBeforeYield) {
      for (int glance = 0; glance < kGlances && is_still(); ++glance) relax();
      return ++looks_, std::chrono::microseconds{0};  // a look itself takes its time
    }
    if (looks_ < kLooksBeforeSleep) {
      std::this_thread::yield();
      sleep_ = kShortestSleep;
      return ++looks_, std::chrono::microseconds{0};
    }
    return std::exchange(sleep_, std::min(sleep_ * 2, longest_));
  }

 private:
  static constexpr int kLooksBeforeYield = 2;
  static constexpr int kLooksBeforeSleep = 600;
  static constexpr int kGlances = 16;
  static constexpr std::chrono::microseconds kShortestSleep{20};

  std::chrono::microseconds longest_;
  int looks_ = 0;
  std::chrono::microseconds sleep_{0};
};

}  // namespace gluster::base
