#include "base/backoff.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

using namespace std::chrono_literals;

constexpr int kManyLooks = 100'000;  // more than anybody spins

bool moves() { return false; }

// How often it must wait until it sleeps.
int looks_until_sleep(Backoff& backoff) {
  for (int looks = 0; looks < kManyLooks; ++looks) {
    if (!backoff.is_fresh()) return looks;
    EXPECT_EQ(backoff.wait(moves), 0us);
  }
  return kManyLooks;
}

TEST(BackoffTest, SpinsFirstAndSleepsInTheEnd) {
  Backoff backoff(1ms);
  EXPECT_TRUE(backoff.is_fresh());
  int looks = looks_until_sleep(backoff);
  EXPECT_GT(looks, 10);
  EXPECT_LT(looks, kManyLooks);
  EXPECT_GT(backoff.wait(moves), 0us);
}

TEST(BackoffTest, SpinsAgainAfterSomethingHappened) {
  Backoff backoff(1ms);
  int first = looks_until_sleep(backoff);
  for (int i = 0; i < 10; ++i) backoff.wait(moves);
  EXPECT_FALSE(backoff.is_fresh());
  backoff.reset();
  EXPECT_TRUE(backoff.is_fresh());
  EXPECT_EQ(looks_until_sleep(backoff), first);
}

TEST(BackoffTest, SleepsInStepsThatGrowUpToTheLongestAndStartShortAgain) {
  Backoff backoff(1ms);
  looks_until_sleep(backoff);
  std::chrono::microseconds last = backoff.wait(moves), first = last;
  for (int i = 0; i < 20; ++i) {
    auto next = backoff.wait(moves);
    EXPECT_EQ(next, std::min(2 * last, std::chrono::microseconds(1ms)));
    last = next;
  }
  EXPECT_EQ(last, 1ms);
  backoff.reset();
  looks_until_sleep(backoff);
  EXPECT_EQ(backoff.wait(moves), first);
}

TEST(BackoffTest, GlancesWhileAllIsStillAndLooksAtOnceWhenItIsNot) {
  Backoff backoff(1ms);
  int glances = 0;
  backoff.wait([&] { return ++glances < 3; });
  EXPECT_EQ(glances, 3);
  backoff.wait([&] { return ++glances, true; });
  EXPECT_GT(glances, 4) << "it glances several times a look";
  EXPECT_LT(glances, kManyLooks);
}

TEST(BackoffTest, NeverSleepsForLongWhileItWaitsBriefly) {
  Backoff backoff(1ms);
  for (int i = 0; i < kManyLooks; ++i) backoff.wait_briefly();
  EXPECT_TRUE(backoff.is_fresh());
}

// Looks for large data, by a clock of their own.
struct Looks {
  void look(std::chrono::nanoseconds time) {
    now += time;
    backoff.wait_briefly([&] { return now; }, [&](auto) { ++naps; });
  }
  void find_nothing(std::chrono::microseconds time) {
    for (auto end = now + time; now < end;) look(300ns);
  }
  Backoff backoff{1ms};
  std::chrono::steady_clock::time_point now{1h};
  int naps = 0;
};

TEST(BackoffTest, LooksForLargeDataWithoutANapWhileItMoves) {
  Looks looks;
  for (int part = 0; part < 100; ++part) {
    looks.find_nothing(50us);
    looks.look(3us);
  }
  EXPECT_EQ(looks.naps, 0);
}

TEST(BackoffTest, NapsWhileLargeDataIsHeldUpAndNotOnceItMovesAgain) {
  Looks looks;
  looks.find_nothing(90us);
  EXPECT_EQ(looks.naps, 0);
  looks.find_nothing(60us);
  EXPECT_GT(looks.naps, 1);
  looks.naps = 0;
  looks.look(3us);
  looks.find_nothing(90us);
  EXPECT_EQ(looks.naps, 0);
}

TEST(BackoffTest, LargeDataThatIsHeldUpIsLookedForAnewAfterSomethingHappened) {
  Looks looks;
  looks.find_nothing(200us);
  looks.naps = 0;
  looks.backoff.reset();
  looks.find_nothing(90us);
  EXPECT_EQ(looks.naps, 0);
}

TEST(BackoffTest, LargeDataThatComesAfterARestIsLookedForAnew) {
  Looks looks;
  for (int i = 0; i < 10; ++i) looks.backoff.wait(moves);
  looks.find_nothing(90us);
  EXPECT_EQ(looks.naps, 0);
  looks.find_nothing(60us);
  EXPECT_GT(looks.naps, 1);
}

}  // namespace
}  // namespace gluster::base
