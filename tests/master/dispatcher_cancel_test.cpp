#include "master/dispatcher.hpp"

#include "fixtures/dispatcher_story.hpp"
#include "fixtures/throws_with.hpp"

// Calls that are given up: by the caller, or by the end of the cluster. Whatever happens, a job whose arguments are being read by the
// network ends only when they have left.
namespace gluster::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DispatcherCancelTest : public tests::DispatcherStory {
 protected:
  void expect_cancelled(const State<std::int64_t>& job) { EXPECT_THROWS_WITH(value(job), Cancelled, "numbers.add"); }
};

TEST_F(DispatcherCancelTest, AQueuedCallIsNeverSent) {
  have_runners(1, 1);
  submit(1);
  auto queued = submit(2), next = submit(3);
  EXPECT_TRUE(dispatcher->cancel(queued));
  expect_cancelled(queued);
  come(1, value_of(call_to(1), std::int64_t{0}));
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 3));
}

TEST_F(DispatcherCancelTest, ACallThatWaitsForItsPluginIsNeverSentAndMakesRoom) {
  expect_runners(1, 2);
  say_hello(1);
  auto one = submit(1), two = submit(2), three = submit(3);
  EXPECT_TRUE(dispatcher->cancel(one));
  expect_cancelled(one);
  say_ready(1);
  EXPECT_THAT(arguments_sent(), ElementsAre(2, 3));
}

TEST_F(DispatcherCancelTest, OfASentCallTheResultIsDropped) {
  have_runners(1, 1);
  auto job = submit(1), next = submit(2);
  EXPECT_FALSE(dispatcher->cancel(job));
  ASSERT_TRUE(job->ended());
  expect_cancelled(job);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kCall, Word::kCancel));
  EXPECT_EQ(link.sent[1].frame.number, link.sent[0].frame.number);
  EXPECT_EQ(come(1, value_of(call_to(1), std::int64_t{666})), "") << "expected, though nobody wants it";
  expect_cancelled(job);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2)) << "the runner has room only now";
}

TEST_F(DispatcherCancelTest, TheRunnersOwnWordThatItDroppedACallMakesRoom) {
  have_runners(1, 1);
  auto job = submit(1), next = submit(2);
  dispatcher->cancel(job);
  come(1, failure_of(call_to(1), wire::Outcome::kDropped, {}));
  expect_cancelled(job);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2));
}

TEST_F(DispatcherCancelTest, ALargeResultOfACancelledCallIsThrownAway) {
  have_runners(1);
  auto job = submit(1);
  dispatcher->cancel(job);
  std::vector<double> values(100'000);
  tests::Arriving result(1, value_of(call_to(1), values));
  EXPECT_FALSE(result.open(*dispatcher)) << "no places: the link receives it into nothing";
  EXPECT_EQ(result.refusal, "");
  EXPECT_EQ(dispatcher->under_way(), 0u);
}

TEST_F(DispatcherCancelTest, CancellingAgainOrTooLateDoesNothing) {
  have_runners(1);
  auto job = submit(1), done = submit(2);
  dispatcher->cancel(job);
  link.take();
  EXPECT_FALSE(dispatcher->cancel(job));
  EXPECT_THAT(link.sent, IsEmpty());
  wire::Frame call{Word::kCall, 1, done->call.number, nullptr, nullptr};
  come(1, result_of(call, wire::Outcome::kValue, [](Encoder& out) { out.put(std::int64_t{4}); }));
  EXPECT_FALSE(dispatcher->cancel(done));
  EXPECT_EQ(value(done), 4);
}

TEST_F(DispatcherCancelTest, ACancelledCallEndsOnlyWhenItsArgumentsHaveLeft) {
  have_runners(1);
  auto job = submit_large();
  EXPECT_FALSE(dispatcher->cancel(job));
  EXPECT_FALSE(job->ended()) << "the network reads its arguments";
  EXPECT_GE(dispatcher->open(), 1u);
  come(1, failure_of(call_to(1), wire::Outcome::kDropped, {}));
  EXPECT_FALSE(job->ended());
  dispatcher->left(1, call_to(1).frame);
  ASSERT_TRUE(job->ended());
  EXPECT_THROWS_WITH(value(job), Cancelled, "numbers.sum");
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherCancelTest, AResultBeforeTheArgumentsLeftWaitsForThem) {
  have_runners(1);
  auto job = submit_large();
  come(1, value_of(call_to(1), 2.5));
  EXPECT_FALSE(job->ended());
  dispatcher->left(1, call_to(1).frame);
  ASSERT_TRUE(job->ended());
  EXPECT_EQ(value(job), 2.5);
}

TEST_F(DispatcherCancelTest, OfACallWhoseValueWaitsForItsArgumentsTheValueIsDropped) {
  have_runners(1);
  auto job = submit_large();
  come(1, value_of(call_to(1), 2.5));
  EXPECT_FALSE(dispatcher->cancel(job));
  dispatcher->left(1, call_to(1).frame);
  EXPECT_THROWS_WITH(value(job), Cancelled, "numbers.sum");
}

TEST_F(DispatcherCancelTest, OfACallWhoseValueIsArrivingTheValueIsDropped) {
  have_runners(1);
  auto job = std::make_shared<detail::CallOf<std::vector<double>>>(nullptr);
  job->call.kernel = &sum;
  dispatcher->submit(job);
  std::vector<double> large_value(100'000, 1.0);
  tests::Arriving result(1, value_of(call_to(1), large_value));
  ASSERT_TRUE(result.open(*dispatcher));
  EXPECT_FALSE(dispatcher->cancel(job));
  EXPECT_TRUE(job->ended());
  result.arrive(*dispatcher);
  EXPECT_THROWS_WITH(value<std::vector<double>>(job), Cancelled, "numbers.sum");
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherCancelTest, AFailureBeforeTheArgumentsLeftWaitsForThem) {
  have_runners(1);
  auto job = submit_large();
  come(1, failure_of(call_to(1), wire::Outcome::kRefused, {"gluster::UsageError", "no room"}));
  EXPECT_FALSE(job->ended());
  dispatcher->left(1, call_to(1).frame);
  EXPECT_THROWS_WITH(value(job), UsageError, "no room");
}

TEST_F(DispatcherCancelTest, ArgumentsThatLeftAreNotWaitedForAgain) {
  have_runners(1);
  auto job = submit_large();
  dispatcher->left(1, call_to(1).frame);
  EXPECT_FALSE(job->ended());
  come(1, value_of(call_to(1), 2.5));
  EXPECT_EQ(value(job), 2.5);
}

TEST_F(DispatcherCancelTest, AtTheEndWhatWasNotSentEndsAndTheRestGoesOn) {
  have_runners(1, 1);
  auto sent = submit(1), queued = submit(2), also = submit(3);
  dispatcher->cancel_queued("the cluster has ended");
  EXPECT_FALSE(sent->ended());
  EXPECT_THROWS_WITH(value(queued), Cancelled, "numbers.add was not sent", "the cluster has ended");
  EXPECT_THROWS_WITH(value(also), Cancelled, "the cluster has ended");
  come(1, value_of(call_to(1), std::int64_t{1}));
  EXPECT_EQ(value(sent), 1);
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherCancelTest, GivingUpEndsEveryJobThereIs) {
  have_runners(1, 2);
  auto leaving = submit_large();
  auto sent = submit(1), queued = submit(2);
  dispatcher->abandon("time is over");
  EXPECT_THROWS_WITH(value(leaving), Cancelled, "numbers.sum was given up", "time is over");
  EXPECT_THROWS_WITH(value(sent), Cancelled, "time is over");
  EXPECT_THROWS_WITH(value(queued), Cancelled, "time is over");
  EXPECT_EQ(dispatcher->open(), 0u);
  // What comes after that finds nobody, and harms nobody.
  EXPECT_NE(come(1, value_of(call_to(1), 1.0)), "");
  dispatcher->left(1, call_to(1).frame);
}

}  // namespace
}  // namespace gluster::master
