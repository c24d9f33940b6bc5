// Who gets which call, and what is taken back.
#include <gmock/gmock.h>

#include "fixtures/dispatcher_story.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::Outcome;
using wire::Word;

class BalanceTest : public tests::DispatcherStory {
 protected:
  State<std::int64_t> submit_at(int priority, std::int64_t argument) {
    auto job = prepare(argument);
    job->call.priority = priority;
    dispatcher->submit(job);
    return job;
  }
  // A call that names shared data.
  State<std::int64_t> submit_naming(std::uint64_t object, std::int64_t argument = 1) {
    auto job = prepare(argument);
    job->call.objects = {object};
    dispatcher->submit(job);
    return job;
  }
  // When calls that wait behind another have waited for long.
  void balance_later() {
    dispatcher->begin_turn(Clock::now() + std::chrono::seconds(1));
    dispatcher->balance();
    dispatcher->begin_turn();
  }
  long cancels(int rank) {
    auto words = link.words_to(rank);
    return std::count(words.begin(), words.end(), Word::kCancel);
  }
  wire::Frame dropped(const tests::Sent& call) { return failure_of(call, Outcome::kDropped, {}); }
  // Tells what `rank` takes for a call.
  void take_long(int rank) { dispatcher->roster().note_compute(rank, 1'000'000'000, Clock::now()); }
  std::uint64_t share(std::size_t bytes) {
    data.resize(bytes);
    auto reserved = dispatcher->shares().reserve(bytes);
    if (auto relay = dispatcher->shares().seal(reserved.object, data, nullptr)) relay->have(data.size());
    return reserved.object;
  }
  void say_done(int rank, std::uint64_t object, wire::ShareOutcome outcome) {
    tests::come_in(*dispatcher, rank, wire::frame_of(Word::kShareDone, 9, wire::ShareDone{object, outcome, {}}));
  }

  std::vector<std::byte> data;
};

TEST_F(BalanceTest, HigherPrioritiesGoFirstAndEqualsInTheirOrder) {
  have_runners(1, 1);
  submit(0);
  submit_at(0, 1), submit_at(5, 2), submit_at(-1, 3), submit_at(5, 4);
  for (std::size_t i = 0; i < 4; ++i) come(1, value_of(call_to(1, i), std::int64_t{0}));
  EXPECT_THAT(arguments_sent(), ElementsAre(0, 2, 4, 1, 3));
}

TEST_F(BalanceTest, LongCallsWaitAtTheMasterAndNotAtARunner) {
  have_runners(1);
  take_long(1);
  for (std::int64_t i = 0; i < 5; ++i) submit(i);
  EXPECT_THAT(arguments_sent(), ElementsAre(0, 1)) << "one runs, one waits there";
}

TEST_F(BalanceTest, TakesBackWhatWaitsWhileAnotherIsIdle) {
  have_runners(2);
  for (std::int64_t i = 0; i < 4; ++i) submit(i);
  int busy = calls()[0]->rank, other = 3 - busy;
  come(other, value_of(call_to(other, 0), std::int64_t{0}));
  come(other, value_of(call_to(other, 1), std::int64_t{0}));
  balance_later();
  ASSERT_EQ(cancels(busy), 1);
  EXPECT_EQ(calls(other).size(), 2u) << "not before the runner has given it back";
  come(busy, dropped(call_to(busy, 1)));
  ASSERT_EQ(calls(other).size(), 3u);
  EXPECT_EQ(argument_of(*calls(other)[2]), argument_of(*calls(busy)[1]));
  EXPECT_EQ(dispatcher->under_way(), 2u);
}

TEST_F(BalanceTest, WhatHasBegunMeanwhileStaysWhereItIs) {
  have_runners(2);
  submit(1), submit(2);
  auto three = submit(3);
  int busy = calls()[2]->rank, other = 3 - busy;
  come(other, value_of(call_to(other), std::int64_t{0}));
  balance_later();
  come(busy, value_of(call_to(busy, 0), std::int64_t{10}));
  come(busy, value_of(call_to(busy, 1), std::int64_t{30}));
  EXPECT_EQ(value(three), 30);
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(BalanceTest, NothingIsTakenBackWhileAllAreBusy) {
  have_runners(1);
  submit(1), submit(2);
  balance_later();
  EXPECT_EQ(cancels(1), 0);
}

TEST_F(BalanceTest, ACallThatWasTakenBackCanBeCancelled) {
  have_runners(2);
  submit(1), submit(2);
  auto three = submit(3);
  int busy = calls()[2]->rank, other = 3 - busy;
  come(other, value_of(call_to(other), std::int64_t{0}));
  balance_later();
  dispatcher->cancel(three);
  EXPECT_TRUE(three->ended());
  come(busy, dropped(call_to(busy, 1)));
  EXPECT_THROW(value(three), Cancelled);
  EXPECT_EQ(dispatcher->under_way(), 1u);
}

TEST_F(BalanceTest, OneCallIsLeftForAMasterThatComputes) {
  have_runners(1);
  dispatcher->roster().set_on_request(1);
  EXPECT_EQ(dispatcher->roster().idle(), 0);
  submit(1);
  EXPECT_THAT(calls(), IsEmpty());
  EXPECT_TRUE(dispatcher->has_queued());
  EXPECT_TRUE(dispatcher->give_to(1));
  EXPECT_THAT(arguments_sent(1), ElementsAre(1));
  EXPECT_FALSE(dispatcher->give_to(1));
}

TEST_F(BalanceTest, DataThatFitsNowhereIsSentToEachRankThatNeedsItOnce) {
  have_runners(1);
  std::uint64_t object = share(100);
  submit_naming(object), submit_naming(object);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kShare, Word::kShareData)) << "and the calls wait for it";
  say_done(1, object, wire::ShareOutcome::kOwn);
  EXPECT_EQ(calls(1).size(), 2u);
  submit_naming(object);
  EXPECT_EQ(calls(1).size(), 3u);
  dispatcher->shares().release(object);
  EXPECT_EQ(link.words_to(1).back(), Word::kFree);
}

TEST_F(BalanceTest, CallsGoToWhereTheirDataLies) {
  have_runners(3);
  std::uint64_t object = share(100);
  submit_naming(object);
  int first = link.sent.front().rank;
  say_done(first, object, wire::ShareOutcome::kOwn);
  come(first, value_of(call_to(first), std::int64_t{0}));
  for (int i = 1; i < 4; ++i) {
    submit_naming(object);
    EXPECT_EQ(calls(first).size(), static_cast<std::size_t>(i) + 1);
    come(first, value_of(call_to(first, static_cast<std::size_t>(i)), std::int64_t{0}));
  }
}

TEST_F(BalanceTest, ARunnerWithoutRoomFailsTheCallsThatNeedTheData) {
  have_runners(1);
  std::uint64_t object = share(100);
  auto job = submit_naming(object);
  say_done(1, object, wire::ShareOutcome::kNoRoom);
  ASSERT_TRUE(job->ended());
  EXPECT_THROWS_WITH(value(job), UsageError, "no room", "rank 1 (host)");
  EXPECT_EQ(dispatcher->under_way(), 0u);
}

}  // namespace
}  // namespace gluster::master
