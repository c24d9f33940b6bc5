// Data that lies on the nodes, and results that kernels write where they are wanted.
#include "on_master.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include <unistd.h>

namespace gluster::tests {
namespace {

class SharedTest : public testing::Test {
 protected:
  SharedTest() { cluster().import_functions(kernel("shared")); }
  static std::vector<double> numbers(std::size_t count) {
    std::vector<double> values(count);
    std::iota(values.begin(), values.end(), 1.0);
    return values;
  }
  // What the kernel says at each of so many calls, which all runners get some of.
  template <class R, class... A>
  static std::vector<R> everywhere(const char* name, const A&... arguments) {
    std::vector<Job<R>> jobs;
    for (int i = 0; i < 3 * cluster().workers(); ++i) jobs.push_back(cluster().run<R>(name, arguments...));
    std::vector<R> values;
    for (auto& job : jobs) values.push_back(job.get());
    return values;
  }
  static bool all_are_on_the_masters_host() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return std::ranges::all_of(cluster().runners(), [&](const RunnerInfo& runner) { return runner.host == host; });
  }
  static double sum_to(std::size_t count) { return static_cast<double>(count) * static_cast<double>(count + 1) / 2; }
};

TEST_F(SharedTest, IsReadByEveryRunner) {
  for (std::size_t count : {0u, 1u, 100u, 300'000u, 2'000'000u}) {
    auto shared = cluster().share(numbers(count));
    EXPECT_EQ(shared.size(), count);
    EXPECT_THAT(everywhere<double>("shared.total", shared), testing::Each(sum_to(count))) << count;
  }
}

TEST_F(SharedTest, IsACopyOfWhatWasGiven) {
  auto data = numbers(1000);
  auto shared = cluster().share(data);
  data.assign(1000, 0.0);
  EXPECT_THAT(everywhere<double>("shared.total", shared), testing::Each(sum_to(1000)));
}

TEST_F(SharedTest, OutlivesItsHandleWhileACallNamesIt) {
  std::vector<Job<double>> jobs;
  for (int round = 0; round < 20; ++round) {
    auto shared = cluster().share(numbers(50'000));
    for (int i = 0; i < cluster().workers(); ++i) jobs.push_back(cluster().run<double>("shared.total", shared));
  }
  for (auto& job : jobs) EXPECT_EQ(job.get(), sum_to(50'000));
}

TEST_F(SharedTest, GivesPartsAndCopiesWhereTheyAreWanted) {
  auto shared = cluster().share(numbers(100'000));
  EXPECT_THAT(everywhere<double>("shared.total", shared.part(10, 2)), testing::Each(23.0));
  EXPECT_THAT(everywhere<double>("shared.total", shared.part(99'999, 1)), testing::Each(100'000.0));
  EXPECT_THAT(everywhere<double>("shared.total_copied", shared), testing::Each(sum_to(100'000)));
  EXPECT_THAT(everywhere<double>("shared.total_copied", shared.part(0, 3)), testing::Each(6.0));
  EXPECT_THROWS_WITH((void)shared.part(99'999, 2), UsageError, "100000");
}

TEST_F(SharedTest, TextIsText) {
  auto text = cluster().share(std::string(100'000, 'x') + "yy");
  EXPECT_THAT(everywhere<std::int64_t>("shared.letters", text, 'x'), testing::Each(100'000));
  EXPECT_THAT(everywhere<std::int64_t>("shared.letters", text, 'y'), testing::Each(2));
  EXPECT_THROWS_WITH((void)cluster().run<double>("shared.total", text), UsageError, "str", "[f64]");
}

TEST_F(SharedTest, IsReadInPlace) {
  auto shared = cluster().share(numbers(1000));
  std::map<int, std::set<std::uint64_t>> places;
  std::vector<Job<std::uint64_t>> jobs;
  for (int i = 0; i < 5 * cluster().workers(); ++i) jobs.push_back(cluster().run<std::uint64_t>("shared.address", shared));
  for (auto& job : jobs) {
    int rank = (job.wait(), job.info().runner);
    places[rank].insert(job.get());
  }
  for (const auto& [rank, addresses] : places) EXPECT_EQ(addresses.size(), 1u) << "rank " << rank;
}

TEST_F(SharedTest, AMapHasItInCommon) {
  auto shared = cluster().share(numbers(10'000));
  auto values = cluster().map<double>("shared.at", std::views::iota(0, 10'000), shared).get();
  EXPECT_EQ(values, numbers(10'000));
  std::vector<Shared<double>> parts;
  for (std::size_t i = 0; i < 100; ++i) parts.push_back(shared.part(i, 2));
  auto sums = cluster().map<double>("shared.total", parts).get();
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(sums[i], static_cast<double>(2 * i + 3));
}

TEST_F(SharedTest, AllocatedItIsFilledAndThenSealed) {
  auto array = cluster().allocate<double>(100'000);
  EXPECT_THROWS_WITH((void)cluster().run<double>("shared.total", array), UsageError, "seal()");
  std::ranges::fill(array.writable(), 2.0);
  array.seal();
  EXPECT_THAT(everywhere<double>("shared.total", array), testing::Each(200'000.0));
  EXPECT_THROWS_WITH((void)array.writable(), UsageError, "sealed");
  EXPECT_THROWS_WITH((void)cluster().run_into(std::span(const_cast<double*>(array.span().data()), 10), "shared.fill", 1.0), UsageError, "sealed");
}

TEST_F(SharedTest, OutputsAreWrittenIntoAnArray) {
  constexpr std::size_t kParts = 17, kEach = 10'000;
  auto array = cluster().allocate<double>(kParts * kEach);
  std::vector<Job<void>> jobs;
  for (std::size_t i = 0; i < kParts; ++i) jobs.push_back(cluster().run_into(array.part(i * kEach, kEach), "shared.fill", static_cast<double>(i)));
  for (auto& job : jobs) job.get();
  for (std::size_t i = 0; i < kParts * kEach; ++i) ASSERT_EQ(array.span()[i], static_cast<double>(i / kEach));
  array.seal();
  EXPECT_THAT(everywhere<double>("shared.total", array), testing::Each(136.0 * kEach)) << "what kernels wrote goes to all nodes";
}

TEST_F(SharedTest, OutputsComeBackIntoTheMastersOwnMemory) {
  for (std::size_t count : {0u, 1u, 100u, 100'000u}) {
    std::vector<double> out(count);
    cluster().run_into(out, "shared.fill", 3.0).get();
    EXPECT_THAT(out, testing::Each(3.0));
  }
  std::vector<std::int64_t> from(1001), even(501), odd(500);
  std::iota(from.begin(), from.end(), 0);
  cluster().run_into(std::tuple(std::span(even), std::span(odd)), "shared.split", from).get();
  for (std::size_t i = 0; i < from.size(); ++i) EXPECT_EQ((i % 2 == 0 ? even : odd)[i / 2], from[i]);
}

// --- large data of a call's own, which may lie in node memory meanwhile -----------------------------------------------------------------

TEST_F(SharedTest, LargeArgumentsAndOutputsOfManyCallsAreTheirOwn) {
  constexpr std::size_t kCalls = 60;
  const auto size = [](std::size_t i) { return 1 + i * i * 300; };  // to 8 MiB: some travel, some need not
  std::vector<std::vector<double>> inputs, outputs;
  std::vector<Job<double>> totals;
  std::vector<Job<void>> fills;
  for (std::size_t i = 0; i < kCalls; ++i) {
    inputs.emplace_back(size(i), static_cast<double>(i));
    outputs.emplace_back(size(i));
  }
  for (std::size_t i = 0; i < kCalls; ++i) {
    totals.push_back(cluster().run<double>("shared.total", std::span(inputs[i])));
    fills.push_back(cluster().run_into(outputs[i], "shared.fill", static_cast<double>(i) + 0.5));
  }
  for (std::size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(totals[i].get(), static_cast<double>(i * size(i)));
    fills[i].get();
    EXPECT_EQ(std::ranges::count(outputs[i], static_cast<double>(i) + 0.5), static_cast<std::ptrdiff_t>(size(i)));
  }
}

// Node memory is given out in pages; a block that has travelled never begins with one.
TEST_F(SharedTest, LargeDataDoesNotTravelToRunnersBesideTheMaster) {
  const char* memory = std::getenv("GLUSTER_MEMORY");
  if ((memory != nullptr && std::string(memory) == "0") || (cluster().workers() == 1 && cluster().runners().front().rank == 0))
    GTEST_SKIP() << "nobody shares node memory with the master";
  if (!all_are_on_the_masters_host()) GTEST_SKIP() << "some runners do not share node memory with the master";
  const auto values = numbers(1000);
  std::vector<std::uint64_t> out(1000);
  // Once is enough: it travels when somebody else has the baton at that moment.
  EXPECT_TRUE(comes_true([&] { return cluster().run<std::uint64_t>("shared.address", std::span(values)).get() % 4096 == 0; }));
  EXPECT_TRUE(comes_true([&] { return cluster().run_into(out, "shared.own_addresses").get(), out[0] % 4096 == 0; }));
}

TEST_F(SharedTest, RunnersAreAsSmallAsBeforeWhenLargeDataHasBeenThere) {
  if (!all_are_on_the_masters_host()) GTEST_SKIP() << "64 MiB to each would travel long to slow hosts";
  const auto memory = [] {
    std::uint64_t most = 0;
    for (const RunnerStatus& runner : cluster().status(std::chrono::seconds(10)).runners) most = std::max(most, runner.memory);
    return most >> 20;
  };
  const auto values = numbers(8 << 20);  // 64 MiB
  const std::uint64_t before = memory();
  EXPECT_THAT(everywhere<double>("shared.total", std::span(values)), testing::Each(sum_to(values.size())));
  EXPECT_TRUE(comes_true([&] { return memory() < before + 32; })) << before << " MiB before, " << memory() << " after";
}

TEST_F(SharedTest, ALargeOutputIsThereWhenItsJobHasEnded) {
  std::vector<double> out(1'000'000);
  auto job = cluster().run_into(out, "shared.fill", 7.0);
  job.wait();
  EXPECT_THAT(out, testing::Each(7.0));
  job.get();
}

TEST_F(SharedTest, LargeOutputsLieAnywhereInTheMastersMemory) {
  std::vector<double> out(300'001, 1.0);
  cluster().run_into(std::span(out).subspan(1, 299'999), "shared.fill", 2.0).get();
  EXPECT_EQ(out.front(), 1.0);
  EXPECT_EQ(out.back(), 1.0);
  EXPECT_EQ(std::ranges::count(out, 2.0), 299'999);
  std::vector<std::int64_t> from(300'001), even(150'001), odd(150'000);
  std::iota(from.begin(), from.end(), 0);
  cluster().run_into(std::tuple(std::span(even), std::span(odd)), "shared.split", from).get();
  for (std::size_t i = 0; i < from.size(); ++i) ASSERT_EQ((i % 2 == 0 ? even : odd)[i / 2], from[i]);
}

TEST_F(SharedTest, ALargeArgumentStaysWhileACancelledCallReadsIt) {
  if (cluster().runners().front().rank == 0) GTEST_SKIP() << "the master's own runner would not come back to the test";
  TemporaryDirectory directory;
  const std::string gate = (directory / "gate").string();
  {
    auto job = cluster().run<void>("shared.total_behind", gate, std::vector<double>(100'000, 1.0));
    ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(gate + ".inside"); }));
    job.cancel();
    EXPECT_THROW(job.get(), Cancelled);
  }
  std::vector<Job<double>> others;  // which would have its memory
  for (int i = 0; i < 3; ++i) others.push_back(cluster().run<double>("shared.total", std::vector<double>(100'000, 2.0)));
  std::ofstream(gate).flush();
  for (auto& other : others) EXPECT_EQ(other.get(), 200'000.0);
  ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(gate + ".total"); }));
  double total = 0;
  std::ifstream(gate + ".total") >> total;
  EXPECT_EQ(total, 100'000.0);
}

TEST_F(SharedTest, AKernelWithALargeOutputThatThrowsFailsAsAnyOther) {
  std::vector<double> out(300'000);
  EXPECT_THROWS_WITH(cluster().run_into(out, "shared.fill_and_throw").get(), KernelError, "half way");
  cluster().run_into(out, "shared.fill", 5.0).get();
  EXPECT_THAT(out, testing::Each(5.0));
}

TEST_F(SharedTest, OutputsThatOverlapAreRefused) {
  std::vector<double> out(100);
  std::span<double> all(out);
  EXPECT_THROWS_WITH((void)cluster().run_into(std::tuple(all, all), "shared.split", std::vector<std::int64_t>()), UsageError, "overlaps");
  for (int i = 0; i < 3; ++i) cluster().run_into(all, "shared.fill", 1.0).get();  // one after the other they do not
}

TEST_F(SharedTest, AKernelWithOutputsThatThrowsFailsAsAnyOther) {
  std::vector<double> out(10);
  EXPECT_THROWS_WITH(cluster().run_into(out, "shared.fill_and_throw").get(), KernelError, "half way");
  cluster().run_into(out, "shared.fill", 5.0).get();
  EXPECT_THAT(out, testing::Each(5.0));
}

TEST_F(SharedTest, WrongOutputsAreRefused) {
  std::vector<float> floats(10);
  std::vector<double> doubles(10);
  EXPECT_THROWS_WITH((void)cluster().run_into(floats, "shared.fill", 1.0), UsageError, "out [f32]", "out [f64]");
  EXPECT_THROWS_WITH((void)cluster().run_into(doubles, "shared.total"), UsageError, "out [f64]");
  EXPECT_THROWS_WITH((void)cluster().run<void>("shared.fill", doubles, 1.0), UsageError, "out [f64]");
}

}  // namespace
}  // namespace gluster::tests
