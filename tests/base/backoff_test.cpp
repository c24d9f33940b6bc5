#include "base/backoff.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

using namespace std::chrono_literals;

constexpr int kManyLooks = 100'000;  // more than anybody spins

// How often it must wait until it sleeps.
int looks_until_sleep(Backoff& backoff) {
  for (int looks = 0; looks < kManyLooks; ++looks) {
    if (!backoff.is_fresh()) return looks;
    EXPECT_EQ(backoff.wait(), 0us);
  }
  return kManyLooks;
}

TEST(BackoffTest, SpinsFirstAndSleepsInTheEnd) {
  Backoff backoff(1ms);
  EXPECT_TRUE(backoff.is_fresh());
  int looks = looks_until_sleep(backoff);
  EXPECT_GT(looks, 10);
  EXPECT_LT(looks, kManyLooks);
  EXPECT_GT(backoff.wait(), 0us);
}

TEST(BackoffTest, SpinsAgainAfterSomethingHappened) {
  Backoff backoff(1ms);
  int first = looks_until_sleep(backoff);
  for (int i = 0; i < 10; ++i) backoff.wait();
  EXPECT_FALSE(backoff.is_fresh());
  backoff.reset();
  EXPECT_TRUE(backoff.is_fresh());
  EXPECT_EQ(looks_until_sleep(backoff), first);
}

TEST(BackoffTest, SleepsInStepsThatGrowUpToTheLongestAndStartShortAgain) {
  Backoff backoff(1ms);
  looks_until_sleep(backoff);
  std::chrono::microseconds last = backoff.wait(), first = last;
  for (int i = 0; i < 20; ++i) {
    auto next = backoff.wait();
    EXPECT_EQ(next, std::min(2 * last, std::chrono::microseconds(1ms)));
    last = next;
  }
  EXPECT_EQ(last, 1ms);
  backoff.reset();
  looks_until_sleep(backoff);
  EXPECT_EQ(backoff.wait(), first);
}

TEST(BackoffTest, NeverSleepsWhileItWaitsBriefly) {
  Backoff backoff(1ms);
  for (int i = 0; i < kManyLooks; ++i) backoff.wait_briefly();
  EXPECT_TRUE(backoff.is_fresh());
}

}  // namespace
}  // namespace gluster::base
