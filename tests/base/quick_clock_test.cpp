#include "base/quick_clock.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

// A counter of so many ticks a nanosecond, and a clock, that a test moves on.
struct Fake {
  static inline double pace = 3;
  static inline std::uint64_t counted = 0;
  static inline std::int64_t clock = 0;
  static inline int reads = 0;

  static std::uint64_t ticks() noexcept { return counted; }
  static std::int64_t nanoseconds() noexcept { return ++reads, clock; }
  static void pass(std::int64_t nanoseconds) {
    clock += nanoseconds;
    counted += static_cast<std::uint64_t>(static_cast<double>(nanoseconds) * pace);
  }
};

struct QuickClockTest : testing::Test {
  QuickClock<Fake> clock;

  QuickClockTest() {
    Fake::pace = 3, Fake::reads = 0;
    Fake::pass(7 * kMillisecond);
  }
  // It has seen that the counter goes evenly.
  void trust() {
    for (int i = 0; i < 4; ++i, Fake::pass(kMillisecond)) clock.now();
    clock.now();
    Fake::reads = 0;
  }
};

TEST_F(QuickClockTest, IsTheClockFromTheFirstReadOn) {
  for (int i = 0; i < 5'000; ++i, Fake::pass(1'237)) ASSERT_NEAR(static_cast<double>(clock.now()), static_cast<double>(Fake::clock), 2) << i;
}

TEST_F(QuickClockTest, ReadsTheClockOnceAMillisecond) {
  trust();
  for (int i = 0; i < 10'000; ++i, Fake::pass(1'000)) clock.now();
  EXPECT_LE(Fake::reads, 11);
  EXPECT_GE(Fake::reads, 9);
}

TEST_F(QuickClockTest, IsRightAfterALongRest) {
  trust();
  Fake::pass(3'600'000 * kMillisecond);
  EXPECT_EQ(clock.now(), Fake::clock);
}

TEST_F(QuickClockTest, DoesNotUseACounterThatGoesUnevenly) {
  trust();
  for (int i = 0; i < 20; ++i) {
    Fake::pace = 1 + i;  // faster and faster
    Fake::pass(4 * kMillisecond);
    clock.now();
    Fake::pass(kMillisecond / 2);
    EXPECT_EQ(clock.now(), Fake::clock) << i;
  }
}

TEST_F(QuickClockTest, DoesNotUseACounterThatStandsStillOrGoesBack) {
  trust();
  Fake::pace = 0;
  Fake::pass(10 * kMillisecond);
  clock.now();  // cannot know
  Fake::counted -= 1'000'000;
  for (int i = 0; i < 20; ++i, Fake::pass(kMillisecond)) EXPECT_EQ(clock.now(), Fake::clock) << i;
}

TEST(QuickClockOfThisThreadTest, LiesBetweenTwoLooksAtTheClock) {
  auto tolerance = std::chrono::microseconds(5);
  for (int i = 0; i < 100'000; ++i) {
    auto before = std::chrono::steady_clock::now();
    auto quick = quick_now();
    auto after = std::chrono::steady_clock::now();
    ASSERT_GE(quick, before - tolerance) << i;
    ASSERT_LE(quick, after + tolerance) << i;
  }
}

}  // namespace
}  // namespace gluster::base
