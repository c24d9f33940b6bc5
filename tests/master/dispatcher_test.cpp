#include "master/dispatcher.hpp"

#include "fixtures/dispatcher_story.hpp"
#include "fixtures/throws_with.hpp"

namespace {

struct Picky {  // whose author's own `load` throws what is no error of ours
  int number = 0;
  template <class A>
  void save(A& archive) const {
    archive(number);
  }
  template <class A>
  void load(A&) {
    throw std::invalid_argument("Picky: not today");
  }
};

}  // namespace

namespace gluster::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::Outcome;

class DispatcherTest : public tests::DispatcherStory {};

TEST_F(DispatcherTest, CallsWaitUntilARunnerSaysHello) {
  expect_runners(1);
  submit(1);
  EXPECT_THAT(link.sent, IsEmpty());
  EXPECT_EQ(dispatcher->open(), 1u);
  say_hello(1);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPlugin));
}

TEST_F(DispatcherTest, AResultEndsItsJob) {
  have_runners(1);
  auto job = submit(5);
  EXPECT_EQ(dispatcher->under_way(), 1u);
  EXPECT_EQ(come(1, value_of(call_to(1), std::int64_t{50})), "");
  ASSERT_TRUE(job->ended());
  EXPECT_EQ(value(job), 50);
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherTest, SendsToOneRunnerInTheOrderOfTheCalls) {
  have_runners(1);
  for (std::int64_t i : {1, 2, 3, 4}) submit(i);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2, 3, 4));
}

TEST_F(DispatcherTest, SendsNoMoreThanTheCreditAndTheNextForEachResult) {
  have_runners(1, 2);
  for (std::int64_t i : {1, 2, 3, 4}) submit(i);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2));
  come(1, value_of(call_to(1, 0), std::int64_t{0}));
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2, 3));
  come(1, value_of(call_to(1, 2), std::int64_t{0}));
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2, 3, 4)) << "results may come in any order";
}

TEST_F(DispatcherTest, NobodyOvertakesACallThatWaits) {
  have_runners(1, 1);
  submit(1);
  submit(2);
  come(1, value_of(call_to(1), std::int64_t{0}));
  submit(3);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2));
}

TEST_F(DispatcherTest, GivesTheNextCallToTheLeastLoadedRunner) {
  have_runners(3);
  for (std::int64_t i : {1, 2, 3}) submit(i);
  for (int rank : {1, 2, 3}) EXPECT_EQ(calls(rank).size(), 1u) << "rank " << rank;
  come(2, value_of(call_to(2), std::int64_t{0}));
  submit(4);
  EXPECT_THAT(arguments_sent(2), testing::Contains(4));
}

TEST_F(DispatcherTest, CarriesWhatAKernelThrewWithItsPlace) {
  have_runners(1);
  auto job = submit(5);
  come(1, failure_of(call_to(1), Outcome::kThrew, {"std::out_of_range", "at 5"}));
  try {
    value(job);
    FAIL();
  } catch (const KernelError& error) {
    EXPECT_EQ(error.type(), "std::out_of_range");
    EXPECT_EQ(error.message(), "at 5");
    EXPECT_EQ(error.site().kernel, "numbers.add");
    EXPECT_EQ(error.site().rank, 1);
    EXPECT_EQ(error.site().host, "host");
    EXPECT_EQ(error.site().attempt, 1);
    EXPECT_STREQ(error.what(), "numbers.add on rank 1 (host), attempt 1, threw std::out_of_range: at 5");
  }
}

TEST_F(DispatcherTest, TellsARefusalByWhoMustAct) {
  have_runners(1);
  auto refused_with = [&](const std::string& type) {
    link.take();
    auto job = submit(1);
    come(1, failure_of(call_to(1), Outcome::kRefused, {type, "because"}));
    return job;
  };
  EXPECT_THROWS_WITH(value(refused_with("gluster::DataError")), DataError, "numbers.add on rank 1 (host)", "because");
  EXPECT_THROWS_WITH(value(refused_with("gluster::PluginError")), PluginError, "because");
  EXPECT_THROWS_WITH(value(refused_with("gluster::UsageError")), UsageError, "because");
}

TEST_F(DispatcherTest, DropsTheLateResultOfAnOldAttempt) {
  have_runners(1);
  auto job = submit(1);
  wire::Frame old = value_of(call_to(1), std::int64_t{666});
  old.attempt = 7;
  EXPECT_NE(come(1, old), "");
  EXPECT_FALSE(job->ended());
  EXPECT_EQ(dispatcher->under_way(), 1u) << "and the runner is still counted on";
}

TEST_F(DispatcherTest, DropsAResultOfWhatItDoesNotKnow) {
  have_runners(2);
  auto job = submit(1);
  int runner = calls()[0]->rank;
  wire::Frame unknown = value_of(*calls()[0], std::int64_t{666});
  unknown.number = 4711;
  EXPECT_NE(come(runner, unknown), "");
  EXPECT_NE(come(3 - runner, value_of(*calls()[0], std::int64_t{666})), "") << "another runner's";
  EXPECT_FALSE(job->ended());
  EXPECT_EQ(come(runner, value_of(*calls()[0], std::int64_t{1})), "");
  EXPECT_NE(come(runner, value_of(*calls()[0], std::int64_t{666})), "") << "a second time";
  EXPECT_EQ(value(job), 1);
}

TEST_F(DispatcherTest, DropsAResultOfACallThatWasNotSent) {
  expect_runners(1);
  say_hello(1);
  auto job = submit(1);  // waits for the plugin
  wire::Frame guess{Word::kCall, 1, job->call.number, nullptr, nullptr};
  EXPECT_NE(come(1, result_of(guess, Outcome::kValue, [](Encoder& out) { out.put(std::int64_t{666}); })), "");
  EXPECT_FALSE(job->ended());
}

TEST_F(DispatcherTest, ADamagedResultIsADataErrorAndTheRunnerGoesOn) {
  have_runners(1, 1);
  auto one = submit(1), two = submit(2), three = submit(3);
  come(1, result_of(call_to(1).frame, Outcome::kValue, [](Encoder& out) { out.put(std::int32_t{1}); }));
  EXPECT_THROWS_WITH(value(one), DataError, "numbers.add", "damaged");
  come(1, result_of(call_to(1, 1).frame, Outcome::kValue, [](Encoder& out) { out.put(std::int64_t{1}), out.put(std::int64_t{2}); }));
  EXPECT_THROWS_WITH(value(two), DataError, "damaged");
  auto empty = std::make_shared<Encoder>();
  come(1, {Word::kResult, 1, call_to(1, 2).frame.number, empty.get(), empty});
  EXPECT_THROWS_WITH(value(three), DataError, "damaged");
  EXPECT_EQ(dispatcher->open(), 0u);
  auto four = submit(4);
  come(1, value_of(call_to(1, 3), std::int64_t{44}));
  EXPECT_EQ(value(four), 44);
}

// A vector that no memory can hold, promised by a segment of just that size.
TEST_F(DispatcherTest, AResultBeyondReasonEndsItsJob) {
  have_runners(1);
  auto job = std::make_shared<detail::CallOf<std::vector<double>>>(nullptr);
  Signature signature{type_of<std::vector<double>>(), {}};
  KernelEntry make{"numbers.make", image, 2, &signature, "", {}};
  job->call.kernel = &make;
  encode_call(make, {}, type_of<std::vector<double>>(), job->call.frame);
  dispatcher->submit(job);
  std::vector<double> small(kSegmentBytes / sizeof(double));
  tests::Arriving result(1, value_of(call_to(1), small));
  std::uint64_t count = std::uint64_t{1} << 60, bytes = count * sizeof(double);
  std::memcpy(&result.body()[sizeof(wire::ResultHead) + 1], &count, sizeof count);
  std::memcpy(&result.body()[result.body().size() - sizeof bytes], &bytes, sizeof bytes);
  EXPECT_FALSE(result.open(*dispatcher));
  EXPECT_TRUE(job->ended()) << "every job ends";
}

TEST_F(DispatcherTest, AValueWhoseOwnLoadThrowsEndsItsJob) {
  have_runners(1);
  auto job = std::make_shared<detail::CallOf<Picky>>(nullptr);
  Signature signature{type_of<Picky>(), {}};
  KernelEntry pick{"numbers.pick", image, 2, &signature, "", {}};
  job->call.kernel = &pick;
  encode_call(pick, {}, type_of<Picky>(), job->call.frame);
  dispatcher->submit(job);
  come(1, value_of(call_to(1), Picky{7}));
  ASSERT_TRUE(job->ended()) << "every job ends";
  EXPECT_EQ(dispatcher->under_way(), 0u);
  EXPECT_ANY_THROW(job->expect_value_now()) << "whoever takes the value meets it";
  EXPECT_ANY_THROW(job->expect_value_now()) << "whoever looks again, too";
}

TEST_F(DispatcherTest, ALargeResultEndsItsJobWhenAllOfItIsHere) {
  have_runners(1, 1);
  auto job = std::make_shared<detail::CallOf<std::vector<double>>>(nullptr);
  Signature signature{type_of<std::vector<double>>(), {}};
  KernelEntry make{"numbers.make", image, 2, &signature, "", {}};
  job->call.kernel = &make;
  encode_call(make, {}, type_of<std::vector<double>>(), job->call.frame);
  dispatcher->submit(job);
  submit(2);
  std::vector<double> values(100'000, 2.5);
  tests::Arriving result(1, value_of(call_to(1), values));
  ASSERT_TRUE(result.open(*dispatcher));
  EXPECT_FALSE(job->ended());
  EXPECT_EQ(calls(1).size(), 2u) << "the runner gets its next call while the value is on its way";
  result.arrive(*dispatcher);
  ASSERT_TRUE(job->ended());
  job->expect_value_now();
  EXPECT_EQ(job->take(), values);
}

TEST_F(DispatcherTest, WhatCerealReadsIsReadByWhoTakesTheValue) {
  have_runners(1);
  auto job = std::make_shared<detail::CallOf<std::map<int, std::string>>>(nullptr);
  Signature signature{type_of<std::map<int, std::string>>(), {}};
  KernelEntry count{"numbers.count", image, 2, &signature, "", {}};
  job->call.kernel = &count;
  encode_call(count, {}, type_of<std::map<int, std::string>>(), job->call.frame);
  dispatcher->submit(job);
  std::map<int, std::string> map{{1, std::string(10'000, 'x')}, {2, "y"}};
  come(1, value_of(call_to(1), map));
  ASSERT_TRUE(job->ended());
  job->expect_value_now();
  EXPECT_EQ(job->take(), map);
}

TEST_F(DispatcherTest, LendsNodeMemoryToWhatIsSentAtOnceAndToNothingThatWaits) {
  have_runners(1, 2);
  auto lends = [&] { return dispatcher->lend(10'000, 10'000).offset != kNowhere; };
  dispatcher = std::make_unique<Dispatcher>(link, Roster({1}, 2), 1 << 20);
  add.image = add_image("numbers");
  EXPECT_FALSE(lends()) << "nobody has said Hello";
  say_hello(1);
  dispatcher->roster().at(1).leader = 0;
  dispatcher->roster().at(1).node_memory = 1 << 20;
  dispatcher->roster().at(1).in_use = true;
  EXPECT_TRUE(lends());
  auto first = submit(1), second = submit(2);
  EXPECT_FALSE(lends()) << "the runner has its credit";
  auto waiting = submit(3);
  EXPECT_FALSE(lends());
}

TEST_F(DispatcherTest, LendsNothingToWhatTheMasterMayRunItself) {
  dispatcher = std::make_unique<Dispatcher>(link, Roster({0, 1}, 16), 1 << 20);
  add.image = add_image("numbers");
  for (int rank : {0, 1}) {
    say_hello(rank);
    dispatcher->roster().at(rank).in_use = true;
  }
  dispatcher->roster().set_on_request(0);
  EXPECT_NE(dispatcher->lend(10'000, 10'000).offset, kNowhere);
  auto first = submit(1);
  EXPECT_EQ(dispatcher->lend(10'000, 10'000).offset, kNowhere) << "the runner is busy";
}

TEST_F(DispatcherTest, OutputsComeFromNodeMemoryWithTheirResultAndItIsGivenBack) {
  have_runners(1);
  auto held = std::make_shared<int>(0);
  const std::vector<double> there{1, 2, 3};
  std::vector<double> here(3);
  auto lend_to = [&](JobState& job) {
    job.call.loans = std::make_unique<JobState::Loans>();
    job.call.loans->held.push_back(held);
    job.call.loans->outputs.push_back({here.data(), there.data(), sizeof(double) * there.size()});
    job.call.has_outputs = true;
  };
  auto job = submit(1);
  lend_to(*job);
  EXPECT_EQ(held.use_count(), 2);
  tests::come_in(*dispatcher, 1, value_of(call_to(1), std::int64_t{0}));
  EXPECT_EQ(here, there);
  EXPECT_EQ(held.use_count(), 1);
  link.take();

  here.assign(3, 0);
  job = submit(2);
  lend_to(*job);
  tests::come_in(*dispatcher, 1, failure_of(call_to(1), wire::Outcome::kThrew, {"error", "why"}));
  EXPECT_EQ(here, std::vector<double>(3));
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(DispatcherTest, ACancelledCallKeepsNodeMemoryUntilItsRunnerHasAnswered) {
  have_runners(1);
  auto held = std::make_shared<int>(0);
  auto job = submit(1);
  job->call.loans = std::make_unique<JobState::Loans>();
  job->call.loans->held.push_back(held);
  EXPECT_FALSE(dispatcher->cancel(job)) << "it has been sent";
  EXPECT_TRUE(job->ended());
  EXPECT_EQ(held.use_count(), 2);
  tests::come_in(*dispatcher, 1, value_of(call_to(1), std::int64_t{0}));
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(DispatcherTest, KnowsWhatRunsAtARunner) {
  have_runners(1);
  EXPECT_EQ(dispatcher->running_at(1), "");
  submit_large();
  submit(1);
  EXPECT_EQ(dispatcher->running_at(1), "numbers.sum") << "the one that was sent first";
  come(1, value_of(call_to(1), 1.0));
  EXPECT_EQ(dispatcher->running_at(1), "numbers.add");
  EXPECT_EQ(dispatcher->running_at(2), "");
}

TEST_F(DispatcherTest, NotesWhereAndWhenACallRan) {
  have_runners(1);
  auto job = submit(1);
  EXPECT_EQ(job->call.runner, 1);
  EXPECT_EQ(job->call.on->host, "host");
  come(1, value_of(call_to(1), std::int64_t{1}));
  EXPECT_EQ(job->call.compute_nanoseconds, kCompute);
  EXPECT_EQ(job->call.started.time_since_epoch(), std::chrono::nanoseconds(1000)) << "the clocks are taken for equal until a Pong tells better";
  EXPECT_GE(job->call.finished, job->call.sent);
}

TEST_F(DispatcherTest, AsksAndHearsHowRunnersAre) {
  have_runners(2);
  dispatcher->ping();
  ASSERT_THAT(link.words_to(1), ElementsAre(Word::kPing));
  auto ping = link.sent[0].read<wire::Ping>();
  EXPECT_FALSE(dispatcher->roster().all_answered_since(Clock::time_point(std::chrono::nanoseconds(ping.sent))));
  for (int rank : {1, 2}) come(rank, wire::frame_of(Word::kPong, 9, wire::Pong{ping.sent, ping.sent, "numbers.add", 3, 1 << 20, 0.5}));
  EXPECT_TRUE(dispatcher->roster().all_answered_since(Clock::time_point(std::chrono::nanoseconds(ping.sent))));
  EXPECT_EQ(dispatcher->roster().at(1).status.kernel, "numbers.add");
  EXPECT_EQ(dispatcher->roster().at(1).status.calls_done, 3u);
  EXPECT_THAT(dispatcher->roster().at(1).status.plugins, ElementsAre("numbers"));
}

TEST_F(DispatcherTest, LooksAtRunnersWhoseCountersItSees) {
  link.visible[1].begin("numbers.add", 0);
  have_runners(2);
  link.sent.clear();
  Clock::time_point before = Clock::now();
  dispatcher->ask_runners();
  EXPECT_THAT(link.words_to(1), ElementsAre());
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPing)) << "that one is elsewhere";
  EXPECT_EQ(dispatcher->roster().at(1).status.kernel, "numbers.add");
  EXPECT_GE(dispatcher->roster().at(1).answered, before);
}

TEST_F(DispatcherTest, SendsRunnersHomeAndSeesThemGo) {
  have_runners(2);
  dispatcher->stop();
  for (int rank : {1, 2}) {
    EXPECT_THAT(link.words_to(rank), ElementsAre(Word::kStop));
    come(rank, wire::frame_of(Word::kGoodbye, 9));
  }
  EXPECT_TRUE(dispatcher->roster().all(Standing::kGone));
  EXPECT_EQ(dispatcher->roster().workers(), 0);
}

TEST_F(DispatcherTest, RefusesWordsThatARunnerDoesNotSay) {
  have_runners(1);
  for (Word word : {Word::kStop, Word::kCall, Word::kPlugin, Word::kCancel, static_cast<Word>(0), static_cast<Word>(200)})
    EXPECT_THAT(come(1, wire::frame_of(word, 9)), testing::HasSubstr("does not say"));
  EXPECT_NE(come(1, wire::frame_of(Word::kPluginReady, 9, wire::PluginReady{4711})), "") << "there is no such plugin";
}

}  // namespace
}  // namespace gluster::master
