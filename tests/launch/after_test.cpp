#include "after.hpp"

#include <cerrno>
#include <csignal>

#include <gmock/gmock.h>

#include "commands.hpp"

namespace gluster::command {
namespace {

constexpr Wishes kNone, kRestarts{2, false, 0}, kRequeues{0, true, 0};

TEST(AfterTest, WhatCameToItsEndIsNotStartedAgain) {
  for (int status : {0, 1, 2, 3, 77, 255}) {
    EXPECT_EQ(after({status, 0, 0}, kRestarts), After::kEnd) << status;
    EXPECT_EQ(after({status, 0, 0}, kRequeues), After::kEnd) << status;
  }
}

TEST(AfterTest, ALostRunnerOrNodeIsStartedAgain) {
  for (int status : {128 + SIGKILL, 128 + SIGSEGV, 205, 9}) {
    EXPECT_EQ(after({status, 0, 0}, kRestarts), After::kRestart) << status;
    EXPECT_EQ(after({status, 0, 0}, kNone), After::kEnd) << status;
    EXPECT_EQ(after({status, 0, 0}, kRequeues), After::kRequeue) << status;
  }
  EXPECT_EQ(after({205, 0, 0}, {1, true, 0}), After::kRestart) << "here first: the allocation is still there";
}

TEST(AfterTest, AJobThatIsAlwaysLostIsNotRequeuedForEver) {
  EXPECT_EQ(after({139, 0, 0}, {0, true, kMostLost - 1}), After::kRequeue);
  EXPECT_EQ(after({139, 0, 0}, {0, true, kMostLost}), After::kEnd);
  EXPECT_EQ(after({139, 0, 0}, {0, true, 100, true}), After::kRequeue) << "more of it is done each time";
}

TEST(AfterTest, AheadOfItsLimitAJobIsRequeuedHoweverOften) {
  EXPECT_EQ(after({kGoOnLater, SIGUSR1, 0}, {0, true, 100}), After::kRequeue) << "nobody knows what came of it";
  EXPECT_EQ(after({kGoOnLater, SIGUSR1, 0}, {0, true, 100, true}), After::kRequeue);
  EXPECT_EQ(after({kGoOnLater, 0, 0}, kRequeues), After::kRequeue) << "the signal came to the master alone";
  EXPECT_EQ(after({kGoOnLater, SIGUSR1, 0}, kNone), After::kEnd);
  EXPECT_EQ(after({kGoOnLater, SIGUSR1, 0, true}, kRequeues), After::kEnd) << "scancel came as well";
}

TEST(AfterTest, AJobWhoseItemsAreLongerThanItsTimeIsNotRequeuedForEver) {
  Outcome cut{1, SIGUSR1};
  cut.out_of_time = true;
  for (const Outcome& outcome : {cut, Outcome{kGoOnLater, SIGUSR1, 0}}) {
    EXPECT_EQ(after(outcome, {0, true, kMostLost - 1, false}), After::kRequeue);
    EXPECT_EQ(after(outcome, {0, true, kMostLost, false}), After::kEnd);
  }
}

TEST(AfterTest, WhatDidNotEndInTimeIsRequeued) {
  Outcome cut{1, SIGUSR1};
  cut.out_of_time = true;
  EXPECT_EQ(after(cut, kRequeues), After::kRequeue);
  EXPECT_EQ(after(cut, kNone), After::kEnd);
  cut.status = 0;
  EXPECT_EQ(after(cut, kRequeues), After::kEnd) << "it was ready just then";
  Outcome crashed{128 + SIGSEGV, SIGUSR1};
  EXPECT_EQ(after(crashed, kRequeues), After::kRequeue) << "mpirun, at that signal";
  crashed.asked_again = true;
  EXPECT_EQ(after(crashed, kRequeues), After::kEnd) << "scancel came as well";
}

TEST(AfterTest, WhatAPersonEndsStaysEnded) {
  EXPECT_EQ(after({kGoOnLater, SIGTERM, 0}, kRequeues), After::kEnd) << "scancel";
  EXPECT_EQ(after({kGoOnLater, SIGINT, 0}, kRestarts), After::kEnd);
  EXPECT_EQ(after({128 + SIGTERM, SIGTERM, 0}, kRestarts), After::kEnd);
  EXPECT_EQ(after({128 + SIGKILL, 0, EPIPE}, kRestarts), After::kEnd) << "nobody reads";
}

}  // namespace
}  // namespace gluster::command
