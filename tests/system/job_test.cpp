// A Job from its call to its end: waiting, cancelling, following up, and several at once.
#include "on_master.hpp"

namespace gluster::tests {
namespace {

class JobTest : public testing::Test {
 protected:
  JobTest() {
    for (const char* name : {"numbers", "gate", "faulty"}) cluster().import_functions(kernel(name));
  }
  static Job<std::int64_t> pass(const Gate& gate) { return cluster().run<std::int64_t>("gate.passes", gate.path()); }
  static Job<std::int64_t> add(std::int64_t a, std::int64_t b) { return cluster().run<std::int64_t>("numbers.add", a, b); }
  // As many calls as may be on their way: one more waits on the master.
  static std::vector<Job<std::int64_t>> fill(const Gate& gate) {
    std::vector<Job<std::int64_t>> jobs;
    int most = cluster().workers() * Options::from_environment().credit;
    for (int i = 0; i < most; ++i) jobs.push_back(pass(gate));
    EXPECT_TRUE(gate.reached_by(static_cast<std::size_t>(cluster().workers())));
    return jobs;
  }
};

TEST_F(JobTest, IsThereBeforeItsCallHasEnded) {
  Gate gate;
  auto job = pass(gate);
  ASSERT_TRUE(gate.reached_by(1));
  EXPECT_FALSE(job.done());
  EXPECT_FALSE(job.wait_for(std::chrono::milliseconds(1)));
  EXPECT_THROWS_WITH((void)job.get_now(), UsageError, "not ended");
  gate.open();
  EXPECT_TRUE(job.wait_for(std::chrono::minutes(1)));
  EXPECT_TRUE(job.done());
  EXPECT_GT(job.get(), 0);
}

TEST_F(JobTest, EndsForALoopAroundDone) {
  auto job = add(1, 2);
  while (!job.done()) continue;
  EXPECT_EQ(job.get_now(), 3);
}

TEST_F(JobTest, MovesOnWhileNobodyWaits) {
  Gate first, second;
  auto jobs = std::vector<Job<std::int64_t>>();
  jobs.push_back(pass(first));
  for (int i = 0; i < cluster().workers() * 20; ++i) jobs.push_back(pass(second));  // more than the credit
  first.open();
  second.open();
  EXPECT_TRUE(second.reached_by(jobs.size() - 1));  // looks at files alone
  wait_all(jobs);
}

TEST_F(JobTest, GivesItsValueOnce) {
  auto job = cluster().run<std::vector<std::int64_t>>("numbers.squares", 4);
  EXPECT_EQ(job.get(), (std::vector<std::int64_t>{0, 1, 4, 9}));
  EXPECT_THROWS_WITH((void)job.get(), UsageError, "taken before");
  Job<int> empty;
  EXPECT_THROWS_WITH((void)empty.get(), UsageError, "empty");
}

TEST_F(JobTest, TellsWhereAndWhenItRan) {
  auto before = Clock::now();
  auto job = cluster().run<void>("faulty.sleeps", 0.02);
  job.get();
  JobInfo info = job.info();
  auto runners = cluster().runners();
  auto at = std::find_if(runners.begin(), runners.end(), [&](const RunnerInfo& one) { return one.rank == info.runner; });
  ASSERT_NE(at, runners.end());
  EXPECT_EQ(info.host, at->host);
  EXPECT_EQ(info.attempt, 1);
  EXPECT_GE(info.compute_seconds, 0.02);
  EXPECT_LE(before, info.queued);
  EXPECT_LE(info.queued, info.sent);
  EXPECT_LE(info.sent, info.finished);
  // The runner's clock is set against ours to half a round trip.
  auto tolerance = std::chrono::milliseconds(20);
  EXPECT_LE(info.sent - tolerance, info.started);
  EXPECT_LE(info.started, info.finished + tolerance);
}

TEST_F(JobTest, CancelledBeforeItIsSentNeverRuns) {
  Gate gate, never;
  auto running = fill(gate);
  auto job = pass(never);
  EXPECT_EQ(job.info().runner, -1);
  EXPECT_TRUE(job.cancel());
  EXPECT_FALSE(job.cancel());
  EXPECT_TRUE(job.done());
  EXPECT_THROWS_WITH((void)job.get(), Cancelled, "gate.passes was cancelled");
  gate.open();
  for (auto& one : running) one.get();
  EXPECT_EQ(never.inside(), 0U);
}

TEST_F(JobTest, CancelledWhileItRunsIsCancelledForItsCaller) {
  Gate gate;
  auto job = pass(gate);
  ASSERT_TRUE(gate.reached_by(1));
  EXPECT_FALSE(job.cancel());
  EXPECT_THROW((void)job.get(), Cancelled);
  gate.open();
  for (int i = 0; i < cluster().workers() * 3; ++i) EXPECT_EQ(add(i, 1).get(), i + 1);  // the runner goes on
}

TEST_F(JobTest, CancelledOnItsRunnerBeforeItStartsDoesNotRun) {
  Gate gate, never;
  auto running = fill(gate);
  running.back().cancel();  // sent: it waits behind others there
  EXPECT_THROW((void)running.back().get(), Cancelled);
  running.pop_back();
  gate.open();
  for (auto& one : running) one.get();
  add(1, 1).get();
  EXPECT_EQ(gate.inside(), running.size());
}

TEST_F(JobTest, StaysAsItIsWhenCancelledAfterItsEnd) {
  auto job = add(2, 3);
  job.wait();
  EXPECT_FALSE(job.cancel());
  EXPECT_EQ(job.get(), 5);
}

TEST_F(JobTest, DroppedStillRuns) {
  Gate gate;
  (void)pass(gate);
  EXPECT_TRUE(gate.reached_by(1));
}

TEST_F(JobTest, IsFollowedUpByThen) {
  std::thread::id caller = std::this_thread::get_id();
  auto text = add(20, 1).then([](std::int64_t value) { return value * 2; }).then([&](std::int64_t value) {
    EXPECT_NE(std::this_thread::get_id(), caller);
    return "it is " + std::to_string(value);
  });
  EXPECT_EQ(text.get(), "it is 42");
  int runs = 0;
  auto nothing = cluster().run<void>("numbers.nothing").then([&] { ++runs; });
  nothing.get();
  EXPECT_EQ(runs, 1);
}

TEST_F(JobTest, MayCallTheClusterInThen) {
  auto sum = add(1, 2).then([](std::int64_t value) { return add(value, 4).get(); });
  EXPECT_EQ(sum.get(), 7);
}

TEST_F(JobTest, HandsItsErrorOnThroughThen) {
  bool ran = false;
  auto next = cluster().run<void>("faulty.throws", "once").then([&] { ran = true; });
  EXPECT_THROWS_WITH((void)next.get(), KernelError, "once");
  EXPECT_FALSE(ran);
  auto thrown = add(1, 1).then([](std::int64_t) -> int { throw std::out_of_range("mine"); });
  EXPECT_THROWS_WITH((void)thrown.get(), std::out_of_range, "mine");
}

TEST_F(JobTest, AsCompletedGivesJobsInTheOrderInWhichTheyEnd) {
  if (cluster().workers() < 2) GTEST_SKIP() << "one runner ends its calls in their order";
  Gate late;
  std::vector<Job<std::int64_t>> jobs;
  jobs.push_back(pass(late));
  ASSERT_TRUE(late.reached_by(1));
  for (int i = 1; i < cluster().workers(); ++i) jobs.push_back(add(i, i));  // one for each idle runner
  std::vector<std::size_t> order;
  for (auto& job : as_completed(jobs)) {
    order.push_back(static_cast<std::size_t>(&job - jobs.data()));
    if (order.size() == jobs.size() - 1) late.open();
  }
  ASSERT_EQ(order.size(), jobs.size());
  EXPECT_EQ(order.back(), 0U);
}

TEST_F(JobTest, AsCompletedGivesEveryJobOnceAlsoWithErrors) {
  std::vector<Job<void>> jobs;
  for (int i = 0; i < 50; ++i) jobs.push_back(i % 2 == 0 ? cluster().run<void>("numbers.nothing") : cluster().run<void>("faulty.throws_int"));
  int good = 0, bad = 0;
  for (auto& job : as_completed(jobs)) try {
      job.get();
      ++good;
    } catch (const KernelError&) {
      ++bad;
    }
  EXPECT_EQ(good, 25);
  EXPECT_EQ(bad, 25);
  std::vector<Job<void>> none;
  for ([[maybe_unused]] auto& job : as_completed(none)) FAIL();
}

TEST_F(JobTest, WaitAllThrowsNoneOfTheErrors) {
  std::vector<Job<void>> jobs;
  jobs.push_back(cluster().run<void>("faulty.throws", "later"));
  jobs.push_back(cluster().run<void>("numbers.nothing"));
  wait_all(jobs);
  EXPECT_THROW((void)jobs[0].get(), KernelError);
  jobs[1].get();
}

TEST_F(JobTest, WaitAnyNamesOneThatHasEnded) {
  Gate gate;
  std::vector<Job<std::int64_t>> jobs;
  jobs.push_back(add(1, 1));
  jobs.push_back(pass(gate));
  EXPECT_EQ(wait_any(jobs), 0U);
  EXPECT_TRUE(jobs[0].done());
  EXPECT_TRUE(gate.reached_by(1));
  std::vector<Job<std::int64_t>> none;
  EXPECT_THROWS_WITH((void)wait_any(none), UsageError, "no jobs");
}

}  // namespace
}  // namespace gluster::tests
