#include <gluster/shared.hpp>

#include <algorithm>

#include <gmock/gmock.h>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

void fill(std::span<double> out, double value) { std::ranges::fill(out, value); }
void fill_through_the_gate(std::span<double> out, double value) {
  gate.pass();
  std::ranges::fill(out, value);
}

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(fill, gluster::tests::fill)
GLUSTER_EXPORT_AS(fill_through_the_gate, gluster::tests::fill_through_the_gate)

namespace gluster::tests {
namespace {

class SharedTest : public LocalClusterTest {
 protected:
  static constexpr std::size_t kTooMany = LocalCluster::kMemory / sizeof(double) + 1;
};

TEST_F(SharedTest, WhatDoesNotFitIntoNodeMemoryIsKeptElsewhere) {
  auto array = cluster->allocate<double>(kTooMany);
  cluster->run_into(array.writable().first(10), "fill", 3.0).get();
  EXPECT_THAT(array.span().first(10), testing::Each(3.0));
}

TEST_F(SharedTest, WhatFitsNowhereIsRefused) {
  EXPECT_THROWS_WITH((void)cluster->allocate<double>(std::size_t{1} << 40), UsageError, "8388608 MiB", "share them in parts");
  EXPECT_THROWS_WITH((void)cluster->allocate<double>(std::size_t{1} << 62), UsageError, "4611686018427387904 elements of 8 bytes", "memory");
}

TEST_F(SharedTest, ThatNobodyMadeIsRefused) {
  EXPECT_THROWS_WITH((void)cluster->run<void>("fill", Shared<double>(), 1.0), UsageError, "made by nobody", "share()");
}

TEST_F(SharedTest, WhatDoesNotFitIsAnErrorWhereNodeMemoryIsRequired) {
  Options options = cluster.options;
  options.memory_required = true;
  Cluster strict(cluster.engine, options);
  EXPECT_THROWS_WITH((void)strict.allocate<double>(kTooMany), UsageError, "node memory", "GLUSTER_MEMORY", "required");
  EXPECT_EQ(strict.allocate<double>(1000).size(), 1000u) << "and what fits is none";
  EXPECT_EQ(strict.share(std::vector<double>()).size(), 0u);
}

TEST_F(SharedTest, AnOutputInASealedArrayIsRefused) {
  auto array = cluster->allocate<double>(100);
  std::span<double> part = array.writable().subspan(10, 10);
  array.seal();
  EXPECT_THROWS_WITH((void)cluster->run_into(part, "fill", 1.0), UsageError, "sealed");
}

TEST_F(SharedTest, AnOutputThatOnlyTouchesASealedArrayIsRefused) {
  auto array = cluster->allocate<double>(3 * 512);
  auto other = cluster->allocate<double>(512);
  std::span<double> part = array.writable();
  array.seal();
  EXPECT_THROWS_WITH((void)cluster->run_into(std::span(part.data() + 512, 2048), "fill", 1.0), UsageError, "sealed");
  EXPECT_THROWS_WITH((void)cluster->run_into(std::span(part.data() - 1, 10), "fill", 1.0), UsageError, "sealed");
}

TEST_F(SharedTest, IsNotSealedWhileAnOutputIsUnderWay) {
  gate.close();
  auto array = cluster->allocate<double>(100);
  auto job = cluster->run_into(array.part(10, 10), "fill_through_the_gate", 2.0);
  EXPECT_THROWS_WITH(array.seal(), UsageError, "has not ended", "then seal()");
  EXPECT_FALSE(array.is_sealed());
  gate.open();
  job.get();
  array.seal();
}

TEST_F(SharedTest, LivesUntilTheCallThatWritesItHasEnded) {
  gate.close();
  auto array = cluster->allocate<double>(1000);
  const double* place = array.span().data();
  auto job = cluster->run_into(array, "fill_through_the_gate", 2.0);
  array = {};
  auto other = cluster->share(std::vector<double>(1000, 7.0));
  EXPECT_NE(other.span().data(), place);
  gate.open();
  job.get();
  EXPECT_THAT(other.span(), testing::Each(7.0));
  EXPECT_TRUE(eventually([&] { return cluster->allocate<double>(1000).span().data() == place; })) << "and is used again then";
}

TEST_F(SharedTest, OutputsSideBySideAreNotOverlapsAndOnesUnderWayAre) {
  auto array = cluster->allocate<double>(100);
  std::span<double> all = array.writable();
  std::vector<Job<void>> jobs;
  for (std::size_t begin : {40u, 0u, 70u}) jobs.push_back(cluster->run_into(all.subspan(begin, 30), "fill_through_the_gate", 2.0));
  for (auto [begin, count] : {std::pair{0u, 1u}, {29u, 1u}, {69u, 2u}, {0u, 100u}, {45u, 5u}})
    EXPECT_THROWS_WITH((void)cluster->run_into(all.subspan(begin, count), "fill", 1.0), UsageError, "overlaps");
  jobs.push_back(cluster->run_into(all.subspan(30, 10), "fill", 1.0));  // between two of them
  jobs.back().cancel();                                                 // and it has ended when nobody writes there any more
  gate.open();
  wait_all(jobs);
  cluster->run_into(all, "fill", 4.0).get();
  EXPECT_THAT(array.span(), testing::Each(4.0)) << "when they have ended, it is free";
}

}  // namespace
}  // namespace gluster::tests
