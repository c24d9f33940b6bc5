#include "base/backoff.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

constexpr int kManyLooks = 100'000;  // more than anybody spins

// How often it must wait until it sleeps.
int looks_until_sleep(Backoff& backoff) {
  for (int looks = 0; looks < kManyLooks; ++looks) {
    if (!backoff.is_fresh()) return looks;
    backoff.wait();
  }
  return kManyLooks;
}

TEST(BackoffTest, SpinsFirstAndSleepsInTheEnd) {
  Backoff backoff;
  EXPECT_TRUE(backoff.is_fresh());
  int looks = looks_until_sleep(backoff);
  EXPECT_GT(looks, 10);
  EXPECT_LT(looks, kManyLooks);
}

TEST(BackoffTest, SpinsAgainAfterSomethingHappened) {
  Backoff backoff;
  int first = looks_until_sleep(backoff);
  for (int i = 0; i < 10; ++i) backoff.wait();
  EXPECT_FALSE(backoff.is_fresh());
  backoff.reset();
  EXPECT_TRUE(backoff.is_fresh());
  EXPECT_EQ(looks_until_sleep(backoff), first);
}

// A sleep that rested takes its time, whatever else the machine does: the clock can only say more, never less.
TEST(BackoffTest, SleepsInStepsThatGrowAndStartShortAgain) {
  Backoff backoff;
  looks_until_sleep(backoff);
  auto sleep = [&] {
    auto before = Backoff::Clock::now();
    backoff.wait();
    return Backoff::Clock::now() - before;
  };
  for (int i = 0; i < 8; ++i) sleep();
  for (int i = 0; i < 5; ++i) EXPECT_GE(sleep(), std::chrono::microseconds(500)) << "about 1 % of a core while resting";
}

}  // namespace
}  // namespace gluster::base
