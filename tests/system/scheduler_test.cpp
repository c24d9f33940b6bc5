// Who runs what, and when: with GLUSTER_MASTER_COMPUTES the master is a worker too.
#include "on_master.hpp"

#include <numeric>

namespace gluster::tests {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    for (const char* name : {"numbers", "gate", "shared", "faulty"}) cluster().import_functions(kernel(name));
  }
  static bool computes() { return Options::from_environment().master_computes && cluster().runners().size() > 1; }
  // Holds every other worker up, so that only the master is left.
  class HoldOthers {
   public:
    HoldOthers() {
      for (int i = 1; i < cluster().workers(); ++i) held_.push_back(cluster().run<std::int64_t>("gate.passes", gate_.path()));
      EXPECT_TRUE(gate_.reached_by(held_.size()));
    }
    ~HoldOthers() {
      gate_.open();
      wait_all(held_);
    }

   private:
    Gate gate_;
    std::vector<Job<std::int64_t>> held_;
  };
  static Job<std::int64_t> add(std::int64_t a, std::int64_t b) { return cluster().run<std::int64_t>("numbers.add", a, b); }
};

// A field of the status, over all runners.
template <class T>
T total(T RunnerStatus::*field) {
  T sum{};
  for (const RunnerStatus& one : cluster().status(std::chrono::seconds(30)).runners) sum += one.*field;
  return sum;
}

TEST_F(SchedulerTest, TheMasterIsAWorkerWhenItComputes) {
  auto runners = cluster().runners();
  EXPECT_EQ(cluster().workers(), static_cast<int>(runners.size()));
  if (runners.size() > 1) {
    EXPECT_EQ(runners.front().rank, computes() ? 0 : 1);
  }
}

TEST_F(SchedulerTest, TheMasterRunsWhatNobodyElseHas) {
  if (!computes()) GTEST_SKIP() << "the master does not compute here";
  HoldOthers held;
  std::vector<Job<std::int64_t>> jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back(add(i, 1));
  for (int i = 0; i < 100; ++i) {
    jobs[static_cast<std::size_t>(i)].wait();
    EXPECT_EQ(jobs[static_cast<std::size_t>(i)].info().runner, 0);
    EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
  }
}

TEST_F(SchedulerTest, TheMasterThatWaitsForAWhileOnlyRunsNothingMeanwhile) {
  if (!computes()) GTEST_SKIP() << "the master does not compute here";
  HoldOthers held;
  Gate gate;
  auto job = cluster().run<std::int64_t>("gate.passes", gate.path());
  EXPECT_FALSE(job.wait_for(std::chrono::milliseconds(50)));
  EXPECT_EQ(cluster().status(std::chrono::seconds(30)).runners.size(), cluster().runners().size());
  EXPECT_EQ(gate.inside(), 0u);
  gate.open();
  job.wait();
  EXPECT_EQ(job.info().runner, 0);
}

TEST_F(SchedulerTest, TheMasterReadsAndWritesItsOwnMemoryInPlace) {
  if (!computes()) GTEST_SKIP() << "the master does not compute here";
  HoldOthers held;
  std::vector<double> data(10'000, 1.5);
  EXPECT_EQ(cluster().run<std::uint64_t>("shared.address", view(data)).get(), reinterpret_cast<std::uint64_t>(data.data()));
  std::vector<std::uint64_t> out(10'000);
  cluster().run_into(std::span(out).subspan(1), "shared.own_addresses").get();
  EXPECT_EQ(out[0], 0u);
  EXPECT_EQ(out[1], reinterpret_cast<std::uint64_t>(&out[1]));
  EXPECT_EQ(out[9'999], reinterpret_cast<std::uint64_t>(&out[9'999]));
  std::vector<std::vector<double>> inputs(20, data);
  auto addresses = cluster().map<std::uint64_t>("shared.address", inputs).get();
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(addresses.at(i), reinterpret_cast<std::uint64_t>(inputs[i].data()));
}

TEST_F(SchedulerTest, ErrorsOfTheMastersOwnCallsAreAsAnyOthers) {
  std::vector<Job<void>> jobs;
  for (int i = 0; i < 50; ++i) jobs.push_back(cluster().run<void>("faulty.throws", "on purpose"));
  for (auto& job : jobs) EXPECT_THROWS_WITH(job.get(), KernelError, "on purpose", "on rank ");
}

TEST_F(SchedulerTest, MapsGoOverAllWorkers) {
  std::vector<std::int64_t> inputs(20'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  auto values = cluster().map<std::int64_t>("numbers.add", inputs, std::int64_t{5}).get();
  ASSERT_EQ(values.size(), inputs.size());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], inputs[i] + 5);
  EXPECT_EQ(cluster().map_reduce("numbers.add", std::views::iota(0, 1000), "numbers.add", std::int64_t{0}, {}, std::int64_t{0}), 499'500);
}

TEST_F(SchedulerTest, SharedDataAndOutputsAreTheMastersToo) {
  auto shared = cluster().share(std::vector<double>(10'000, 1.0));
  auto array = cluster().allocate<double>(10'000);
  std::vector<Job<void>> fills;
  for (std::size_t i = 0; i < 10; ++i) fills.push_back(cluster().run_into(array.writable().subspan(i * 1000, 1000), "shared.fill", 2.0));
  std::vector<Job<double>> totals;
  for (int i = 0; i < 50; ++i) totals.push_back(cluster().run<double>("shared.total", shared));
  for (auto& job : totals) EXPECT_EQ(job.get(), 10'000.0);
  for (auto& job : fills) job.get();
  EXPECT_THAT(array.span(), testing::Each(2.0));
}

TEST_F(SchedulerTest, WhatWaitsBehindALongCallIsRunByAnother) {
  if (cluster().workers() < 2) GTEST_SKIP() << "there is only one worker";
  Gate gate;
  auto held = cluster().run<std::int64_t>("gate.passes", gate.path());
  ASSERT_TRUE(gate.reached_by(1));
  std::vector<Job<std::int64_t>> jobs;
  for (int i = 0; i < 200; ++i) jobs.push_back(add(i, 1));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1) << "one runner stands still all the time";
  gate.open();
  held.wait();
}

TEST_F(SchedulerTest, CallsOfHigherPriorityGoAheadOfThoseThatWait) {
  Gate gate;
  auto workers = static_cast<std::size_t>(cluster().workers());
  std::size_t held_up = computes() ? workers - 1 : workers;  // the master takes calls only while it waits
  std::vector<Job<std::int64_t>> held, low;
  for (std::size_t i = 0; i < held_up; ++i) held.push_back(cluster().run<std::int64_t>("gate.passes", gate.path()));
  ASSERT_TRUE(gate.reached_by(held_up));
  for (std::size_t i = 0; i < 100 * workers; ++i) low.push_back(add(1, 1));  // more than runners have credit for
  auto high = cluster().run_first<std::int64_t>(1, "numbers.add", std::int64_t{2}, std::int64_t{2});
  gate.open();
  wait_all(held);  // the next test counts what runs while it does
  wait_all(low);
  high.wait();
  auto later = std::ranges::count_if(low, [&](auto& job) { return job.info().sent > high.info().sent; });
  EXPECT_GT(later, static_cast<std::ptrdiff_t>(50 * workers)) << "calls that were there before it";
  EXPECT_EQ(high.get(), 4);
}

TEST_F(SchedulerTest, StatusTellsWhatRunnersHaveDone) {
  auto calls = total(&RunnerStatus::calls_done);
  auto in = total(&RunnerStatus::bytes_in), out = total(&RunnerStatus::bytes_out);
  auto busy = total(&RunnerStatus::busy_seconds);
  (void)cluster().run<double>("numbers.sum", std::vector<double>(100'000, 1.0)).get();
  (void)cluster().run<std::vector<std::int64_t>>("numbers.squares", 50'000).get();
  EXPECT_EQ(total(&RunnerStatus::calls_done), calls + 2);
  EXPECT_GE(total(&RunnerStatus::bytes_in), in + 800'000);
  EXPECT_GE(total(&RunnerStatus::bytes_out), out + 400'000);
  EXPECT_GT(total(&RunnerStatus::busy_seconds), busy);
}

}  // namespace
}  // namespace gluster::tests
