#include <gluster/job.hpp>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster {
namespace {

using std::chrono::milliseconds;
using tests::eventually;
using tests::gate;

class JobTest : public tests::LocalClusterTest {
 protected:
  JobTest() { gate.close(); }
  ~JobTest() override { gate.open(); }

  // A call that runs, and ends when the gate is opened.
  Job<std::int64_t> running() {
    int before = gate.inside();
    auto job = run<std::int64_t>("wait_for_gate", 7);
    EXPECT_TRUE(eventually([&] { return !job.done() && gate.inside() > before; }));
    return job;
  }
};

TEST_F(JobTest, GetMovesTheValueOut) {
  EXPECT_EQ(run<std::int64_t>("add", 2, 3).get(), 5);
  EXPECT_EQ(run<double>("total", std::vector<double>{1, 2, 3}).get(), 6.0);
  EXPECT_EQ(run<std::string>("echo", "text").get(), "text");
  run<void>("nothing").get();
}

TEST_F(JobTest, CarriesLargeValuesBothWays) {
  std::vector<double> x(300'000, 1.5);
  EXPECT_EQ(run<std::vector<double>>("twice", x).get(), std::vector<double>(300'000, 3.0));
  EXPECT_EQ(run<double>("total", std::span<const double>(x)).get(), 450'000.0);
  EXPECT_EQ(run<double>("total", view(x)).get(), 450'000.0);
  EXPECT_EQ(run<std::vector<double>>("twice", std::move(x)).get().size(), 300'000u);
}

TEST_F(JobTest, GetIsOnceOnly) {
  auto job = run<std::int64_t>("add", 2, 3);
  EXPECT_EQ(job.get(), 5);
  EXPECT_THROWS_WITH(job.get(), UsageError, "taken before");
}

TEST_F(JobTest, GetThrowsWhatTheKernelThrewAndAgain) {
  auto job = run<void>("fail", "at 5");
  EXPECT_THROWS_WITH(job.get(), KernelError, "threw std::out_of_range: at 5", stem() + ".fail on rank 1 (local), attempt 1");
  EXPECT_THROW(job.get(), KernelError);
  EXPECT_THROWS_WITH(run<void>("throw_number").get(), KernelError, "threw int");
  EXPECT_EQ(run<std::int64_t>("add", 2, 3).get(), 5) << "the runner goes on";
}

TEST_F(JobTest, GetNowNeverWaits) {
  auto job = running();
  EXPECT_THROWS_WITH(job.get_now(), UsageError, "not ended");
  gate.open();
  job.wait();
  EXPECT_EQ(job.get_now(), 7);
}

TEST_F(JobTest, AValueWhoseOwnLoadThrowsThrowsThatAndEnds) {
  EXPECT_EQ(run<tests::Picky>("pick", 7).get().number, 7);
  auto job = run<tests::Picky>("pick", 101);
  ASSERT_TRUE(job.wait_for(std::chrono::seconds(10))) << "every job ends";
  EXPECT_ANY_THROW(job.get());
}

TEST_F(JobTest, DoneAndWaitForTellWhetherItHasEnded) {
  auto job = running();
  EXPECT_FALSE(job.done());
  EXPECT_FALSE(job.wait_for(milliseconds(20)));
  gate.open();
  EXPECT_TRUE(job.wait_for(std::chrono::seconds(60)));
  EXPECT_TRUE(job.done());
  auto another = run<std::int64_t>("add", 1, 1);
  EXPECT_TRUE(eventually([&] { return another.done(); })) << "a loop around done comes to an end";
}

TEST_F(JobTest, AnEmptyJobIsAUsageError) {
  Job<int> job;
  EXPECT_THROWS_WITH(job.get(), UsageError, "empty");
  auto moved = run<std::int64_t>("add", 1, 1);
  auto here = std::move(moved);
  EXPECT_THROWS_WITH(moved.done(), UsageError, "empty");  // NOLINT(bugprone-use-after-move): that is the test
  EXPECT_EQ(here.get(), 2);
}

TEST_F(JobTest, CancelDropsTheResultOfWhatRuns) {
  auto job = running();
  EXPECT_FALSE(job.cancel()) << "it had been sent";
  EXPECT_THROW(job.get(), Cancelled);
  EXPECT_FALSE(job.cancel());
  gate.open();
  EXPECT_EQ(run<std::int64_t>("add", 1, 1).get(), 2);
  EXPECT_THROW(job.get(), Cancelled) << "still";
}

TEST_F(JobTest, WhatWaitsAtTheRunnerIsDroppedThere) {
  auto first = running();
  auto waiting = run<std::int64_t>("wait_for_gate", 8);
  EXPECT_FALSE(waiting.cancel());
  auto last = run<std::int64_t>("add", 1, 1);
  gate.open();
  EXPECT_EQ(last.get(), 2);
  EXPECT_EQ(first.get(), 7);
  EXPECT_EQ(gate.inside(), 1) << "the cancelled call never ran";
}

TEST_F(JobTest, CancelOfAJobThatHasEndedDoesNothing) {
  auto job = run<std::int64_t>("add", 1, 1);
  job.wait();
  EXPECT_FALSE(job.cancel());
  EXPECT_EQ(job.get(), 2);
}

TEST_F(JobTest, InfoTellsWhereAndWhenInOrder) {
  auto job = running();
  JobInfo early = job.info();
  EXPECT_EQ(early.runner, 1);
  EXPECT_EQ(early.host, "local");
  EXPECT_EQ(early.attempt, 1);
  EXPECT_EQ(early.finished, Clock::time_point{}) << "has not come yet";
  auto before = Clock::now();
  std::this_thread::sleep_for(milliseconds(5));
  gate.open();
  job.wait();
  JobInfo info = job.info();
  EXPECT_LE(info.queued, info.sent);
  // The runner's clock is this process's; it is set against the master's to within a round trip, for which a busy machine needs time.
  EXPECT_LE(info.sent, info.started + milliseconds(50));
  EXPECT_LE(info.started, before + milliseconds(50));
  EXPECT_GE(info.finished, before + milliseconds(5));
  EXPECT_GE(info.compute_seconds, 0.005);
}

TEST_F(JobTest, ThenRunsOnAnotherThreadWithTheValue) {
  std::thread::id where;
  auto next = run<std::int64_t>("add", 2, 3).then([&](std::int64_t value) {
    where = std::this_thread::get_id();
    return std::to_string(value);
  });
  EXPECT_EQ(next.get(), "5");
  EXPECT_NE(where, std::this_thread::get_id());
  EXPECT_NE(where, std::thread::id());
}

TEST_F(JobTest, ThenFollowsThenAndMayCallAnything) {
  auto job = run<void>("nothing")
                 .then([&] { return run<std::int64_t>("add", 1, 2).get(); })
                 .then([&](std::int64_t three) { return run<std::int64_t>("add", three, 4).get(); })
                 .then([](std::int64_t) {});
  EXPECT_NO_THROW(job.get());
}

TEST_F(JobTest, AnErrorGoesOnPastThen) {
  bool ran = false;
  auto next = run<void>("fail", "no").then([&] { ran = true; });
  EXPECT_THROWS_WITH(next.get(), KernelError, "no");
  EXPECT_FALSE(ran);
  auto own = run<void>("nothing").then([] { throw std::runtime_error("my own"); });
  EXPECT_THROWS_WITH(own.get(), std::runtime_error, "my own");
}

TEST_F(JobTest, ThenTakesTheValue) {
  auto job = run<std::int64_t>("add", 2, 3);
  auto next = job.then([](std::int64_t value) { return value; });
  EXPECT_EQ(next.get(), 5);
  EXPECT_THROWS_WITH(job.get(), UsageError, "taken before");
}

TEST_F(JobTest, ThenMayMakeWhatCannotTravel) {
  struct Plain {
    std::int64_t value;
    std::thread::id where;
  };
  EXPECT_EQ(run<std::int64_t>("add", 2, 3).then([](std::int64_t value) { return Plain{value, std::this_thread::get_id()}; }).get().value, 5);
  auto nested = run<std::int64_t>("add", 2, 3).then([&](std::int64_t value) { return run<std::int64_t>("add", value, 1); });
  EXPECT_EQ(nested.get().get(), 6);
}

TEST_F(JobTest, ThenMayWaitForWhatFollowsToo) {
  auto plus_one = [&](std::int64_t value) { return run<std::int64_t>("add", value, 1).then([](std::int64_t more) { return more; }).get(); };
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 3; ++i) jobs.push_back(run<std::int64_t>("add", i, 0).then(plus_one));
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
}

TEST_F(JobTest, WhatFollowsAJobCanBeAskedLikeAnyOther) {
  auto job = running();
  auto next = job.then([](std::int64_t value) { return value; });
  EXPECT_FALSE(next.done());
  EXPECT_FALSE(next.wait_for(milliseconds(1)));
  EXPECT_EQ(next.info().runner, -1);
  gate.open();
  EXPECT_EQ(next.get(), 7);
}

TEST_F(JobTest, WhatFollowsACancelledJobDoesNotRun) {
  auto job = running();
  std::atomic<bool> ran = false;
  auto next = job.then([&](std::int64_t) { ran = true; });
  EXPECT_TRUE(next.cancel()) << "its function had not begun";
  EXPECT_FALSE(next.cancel()) << "once";
  EXPECT_THROWS_WITH(next.get(), Cancelled, "cancelled");
  gate.open();
  job.wait();
  run<void>("nothing").then([] {}).get();  // callbacks run in turn: had there been one, it ran before this
  EXPECT_FALSE(ran);
}

TEST_F(JobTest, WhatIsCancelledWhileItRunsIsDropped) {
  std::atomic<bool> inside = false, leave = false;
  auto next = run<void>("nothing").then([&] {
    inside = true;
    while (!leave) std::this_thread::yield();
    return 5;
  });
  while (!inside) std::this_thread::yield();  // the test's own time limit bounds it
  EXPECT_FALSE(next.cancel());
  leave = true;
  EXPECT_THROWS_WITH(next.get(), Cancelled, "while it ran");
}

TEST_F(JobTest, AsCompletedLetsItsJobsBeMovedOut) {
  std::vector<Job<std::int64_t>> jobs, kept;
  for (std::int64_t i = 0; i < 5; ++i) jobs.push_back(run<std::int64_t>("add", i, 0));
  for (auto& job : as_completed(jobs)) kept.push_back(std::move(job));
  std::set<std::int64_t> seen;
  for (auto& job : kept) seen.insert(job.get());
  EXPECT_EQ(seen.size(), 5u);
}

TEST_F(JobTest, AWaitForNoTimeAtAllStillMovesWorkOn) {
  tests::LocalCluster without_helper(16, false);
  without_helper->import_self();
  auto job = without_helper->run<std::int64_t>(stem() + ".add", 2, 3);
  while (!job.wait_for(milliseconds(0))) continue;  // the test's own time limit bounds it
  EXPECT_EQ(job.get(), 5);
}

TEST_F(JobTest, AsCompletedGivesJobsAsTheyEnd) {
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 20; ++i) jobs.push_back(run<std::int64_t>("add", i, 0));
  std::set<std::int64_t> seen;
  for (auto& job : as_completed(jobs)) {
    EXPECT_TRUE(job.done());
    seen.insert(job.get());
  }
  EXPECT_EQ(seen.size(), 20u);
  std::vector<Job<std::int64_t>> none;
  for (auto& job : as_completed(none)) FAIL() << job.get();
}

TEST_F(JobTest, AsCompletedDoesNotWaitForTheSlowest) {
  std::vector<Job<std::int64_t>> jobs;
  jobs.push_back(run<std::int64_t>("add", 1, 0));
  jobs.push_back(run<std::int64_t>("wait_for_gate", 2));
  auto all = as_completed(jobs);
  auto at = all.begin();
  EXPECT_EQ((*at).get(), 1);
  gate.open();
  ++at;
  EXPECT_EQ((*at).get(), 2);
  ++at;
  EXPECT_TRUE(at == all.end());
}

TEST_F(JobTest, WaitAnyAndWaitAll) {
  std::vector<Job<std::int64_t>> jobs;
  jobs.push_back(run<std::int64_t>("add", 1, 0));
  jobs.push_back(run<std::int64_t>("wait_for_gate", 2));
  EXPECT_EQ(wait_any(jobs), 0u);
  gate.open();
  wait_all(jobs);
  EXPECT_TRUE(jobs[1].done());
  jobs.clear();
  EXPECT_THROWS_WITH(wait_any(jobs), UsageError, "no jobs");
  jobs.push_back(run<std::int64_t>("add", 1, 0));
  EXPECT_EQ(wait_any(jobs), 0u);
  EXPECT_EQ(wait_any(jobs), 0u) << "again, though it ended before";
}

TEST_F(JobTest, AnErrorNobodySawIsLoggedOnce) {
  testing::internal::CaptureStderr();
  {
    auto job = run<void>("fail", "unseen");
    job.wait();
  }
  {
    auto job = run<void>("fail", "seen");
    EXPECT_THROW(job.get(), KernelError);
  }
  {
    auto job = running();
    job.cancel();
  }
  gate.open();
  run<void>("nothing").get();
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("unseen"));
  EXPECT_THAT(said, testing::Not(testing::HasSubstr(": seen")));
  EXPECT_EQ(said.find("unseen"), said.rfind("unseen"));
}

}  // namespace
}  // namespace gluster
