#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace gluster::base {

// The processor's own counter, and the clock that it stands in for.
struct Counter {
  static std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;  // then the clock itself is read each time
#endif
  }
  static std::int64_t nanoseconds() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
};

// steady_clock for whoever reads it several times a microsecond: the counter tells, in less time, how long ago the clock itself was read. That is
// a millisecond ago at most; and only while the counter has gone evenly for the last two of them, so a counter that is no clock is not used. One thread's own.
template <class Source = Counter>
class QuickClock {
 public:
  // Nanoseconds of the clock, to about 100.
  std::int64_t now() noexcept {
    std::uint64_t gone = Source::ticks() - ticks_;
    return gone < usable_ ? nanoseconds_ + static_cast<std::int64_t>(static_cast<double>(gone) * rate_) : look();
  }

 private:
  static constexpr std::int64_t kPeriod = 1'000'000;  // nanoseconds
  static constexpr double kEven = 1e-4;
  static constexpr double kPrompt = 2e-4;  // of a period: longer between two looks, and something came between them

  std::int64_t look() noexcept {
    std::uint64_t ticks = Source::ticks();
    std::int64_t nanoseconds = Source::nanoseconds();
    auto between = static_cast<double>(Source::ticks() - ticks);
    if (usable_ == 0 && nanoseconds - nanoseconds_ < kPeriod) return nanoseconds;  // too early to tell
    double rate = static_cast<double>(nanoseconds - nanoseconds_) / static_cast<double>(ticks - ticks_);
    bool even = std::abs(rate - rate_) < kEven * rate_ && between * rate < kPrompt * kPeriod;
    usable_ = even ? static_cast<std::uint64_t>(kPeriod / rate) : 0;
    rate_ = rate, ticks_ = ticks, nanoseconds_ = nanoseconds;
    return nanoseconds;
  }

  std::uint64_t ticks_ = 0, usable_ = 0;  // usable: that many more
  std::int64_t nanoseconds_ = 0;
  double rate_ = 0;  // nanoseconds a tick
};

// This thread's.
inline std::chrono::steady_clock::time_point quick_now() noexcept {
  thread_local QuickClock<> clock;
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::nanoseconds(clock.now())));
}

}  // namespace gluster::base
