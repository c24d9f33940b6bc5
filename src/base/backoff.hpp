#pragma once
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/quick_clock.hpp"

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
// The sleeping is its caller's, for a link wakes who sleeps at it; but for the nap of wait_briefly, from which nobody is woken.
class Backoff {
 public:
  // No sleep is longer than `longest`.
  explicit Backoff(std::chrono::microseconds longest) : longest_(longest) {}

  // Something happened: the next waits are short again.
  void reset() noexcept { looks_ = 0; }

  // False once it sleeps: whoever has something slower to do may do it now.
  bool is_fresh() const noexcept { return looks_ < kLooksBeforeSleep; }

  // Something large is on its way, and moves only while somebody looks: a nap between looks would halve its speed, or worse. Unless the other side is held up: where
  // both have one CPU quota (a container's, a slow host's), whoever spins uses up what the other would move it with. MPI does not say whether a look has moved a part;
  // but such a look takes several times as long as one that finds nothing. After it comes another at once: to yield there cost a seventh of the speed.
  template <class Now, class Nap>
  void wait_briefly(Now&& now, Nap&& nap) {
    const auto looked = now();
    if (!std::exchange(is_brief_, true) || looks_ == 0) moved_ = looked, shortest_look_ = std::chrono::nanoseconds::max();
    else if (const auto look = looked - waited_; look / kLookThatMoves > shortest_look_) moved_ = looked;
    else shortest_look_ = std::min(shortest_look_, look);
    if (looks_ < kLooksBeforeSleep - 1) ++looks_;
    if (looked - moved_ > kHeldUp) nap(kShortestSleep);
    else if (looks_ >= kLooksBeforeYield && moved_ != looked) std::this_thread::yield();
    waited_ = now();
  }
  void wait_briefly() {
    wait_briefly(quick_now, [](auto time) { std::this_thread::sleep_for(time); });
  }

  // Zero: look again. Else sleep for so long first. `is_still` says, cheaply, that a look would find nothing.
  template <class F>
  std::chrono::microseconds wait(F&& is_still) {
    is_brief_ = false;
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
  static constexpr std::chrono::microseconds kHeldUp{100};
  static constexpr int kLookThatMoves = 3;  // times as long as the shortest

  std::chrono::microseconds longest_;
  int looks_ = 0;
  std::chrono::microseconds sleep_{0};
  bool is_brief_ = false;  // the last wait was
  std::chrono::steady_clock::time_point moved_, waited_;
  std::chrono::nanoseconds shortest_look_{};
};

}  // namespace gluster::base
