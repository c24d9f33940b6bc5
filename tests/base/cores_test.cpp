#include "base/cores.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

using testing::ElementsAre;

cpu_set_t set_of(std::initializer_list<int> processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int processor : processors) CPU_SET(static_cast<std::size_t>(processor), &set);
  return set;
}

// The processors of each core, as a test writes them.
using Cores = std::vector<std::vector<int>>;
Cores numbers(const std::vector<cpu_set_t>& cores) {
  Cores all;
  for (const cpu_set_t& core : cores) {
    all.emplace_back();
    for (int i = 0; i < 64; ++i)
      if (CPU_ISSET(static_cast<std::size_t>(i), &core)) all.back().push_back(i);
  }
  return all;
}

// A node of four cores with two hardware threads each: core i is processors i and i + 4.
const std::vector<cpu_set_t> kFourCores{set_of({0, 4}), set_of({1, 5}), set_of({2, 6}), set_of({3, 7})};
const cpu_set_t kAll = set_of({0, 1, 2, 3, 4, 5, 6, 7});
const CoreUser kMaster{kAll, 0}, kRunner{kAll, 1};

CoreShare share(std::vector<CoreUser> node, std::size_t self) { return share_cores(node, self, kFourCores); }

TEST(CoresTest, OneRunnerHasAllCoresThoughTheMasterIsThere) {
  CoreShare mine = share({kMaster, kRunner}, 1);
  EXPECT_EQ(numbers(mine.cores), (Cores{{0, 4}, {1, 5}, {2, 6}, {3, 7}}));
  EXPECT_FALSE(mine.is_part) << "nobody has to be bound";
}

TEST(CoresTest, TwoRunnersHaveHalfEach) {
  std::vector<CoreUser> node{kMaster, kRunner, kRunner};
  EXPECT_EQ(numbers(share(node, 1).cores), (Cores{{0, 4}, {1, 5}}));
  EXPECT_EQ(numbers(share(node, 2).cores), (Cores{{2, 6}, {3, 7}}));
  EXPECT_TRUE(share(node, 1).is_part);
  EXPECT_TRUE(share(node, 2).is_part);
}

TEST(CoresTest, ThreeRunnersShareFourCoresAndNoneTwice) {
  std::vector<CoreUser> node{kMaster, kRunner, kRunner, kRunner};
  Cores all;
  for (std::size_t self : {1, 2, 3}) {
    Cores mine = numbers(share(node, self).cores);
    EXPECT_GE(mine.size(), 1u);
    all.insert(all.end(), mine.begin(), mine.end());
  }
  EXPECT_THAT(all, testing::UnorderedElementsAre(ElementsAre(0, 4), ElementsAre(1, 5), ElementsAre(2, 6), ElementsAre(3, 7)));
}

TEST(CoresTest, WithMoreRunnersThanCoresEachHasOneAndNobodyIsBound) {
  std::vector<CoreUser> node(6, kRunner);
  node[0] = kMaster;
  for (std::size_t self = 1; self < node.size(); ++self) {
    CoreShare mine = share(node, self);
    EXPECT_EQ(mine.cores.size(), 1u) << self;
    EXPECT_FALSE(mine.is_part) << self;
  }
}

TEST(CoresTest, TheMasterIsNeverBound) {
  CoreShare mine = share({kMaster, kRunner, kRunner}, 0);
  EXPECT_EQ(mine.cores.size(), 4u);
  EXPECT_FALSE(mine.is_part);
}

TEST(CoresTest, ABindingOfItsOwnIsUsedWhole) {
  CoreUser left{set_of({0, 1, 4, 5}), 1}, right{set_of({2, 3, 6, 7}), 1};
  EXPECT_EQ(numbers(share({kMaster, left, right}, 1).cores), (Cores{{0, 4}, {1, 5}}));
  EXPECT_EQ(numbers(share({kMaster, left, right}, 2).cores), (Cores{{2, 6}, {3, 7}}));
  EXPECT_FALSE(share({kMaster, left, right}, 1).is_part) << "it is bound already";
}

TEST(CoresTest, TwoPairsShareTheirOwnSetOnly) {
  CoreUser left{set_of({0, 1, 4, 5}), 1}, right{set_of({2, 3, 6, 7}), 1};
  std::vector<CoreUser> node{left, right, left, right};
  EXPECT_EQ(numbers(share(node, 0).cores), (Cores{{0, 4}}));
  EXPECT_EQ(numbers(share(node, 1).cores), (Cores{{2, 6}}));
  EXPECT_EQ(numbers(share(node, 2).cores), (Cores{{1, 5}}));
  EXPECT_EQ(numbers(share(node, 3).cores), (Cores{{3, 7}}));
}

TEST(CoresTest, HalfACoreCountsAsTheCoreItIs) {
  CoreUser one{set_of({0, 5}), 1};
  EXPECT_EQ(numbers(share({one}, 0).cores), (Cores{{0}, {5}}));
}

TEST(CoresTest, WithoutATopologyTheBindingIsOneShare) {
  CoreShare mine = share_cores({kRunner}, 0, {});
  ASSERT_EQ(mine.cores.size(), 1u);
  EXPECT_TRUE(CPU_EQUAL(&mine.cores[0], &kAll));
}

TEST(CoresTest, KnowsThisMachine) {
  cpu_set_t mine = allowed_processors();
  EXPECT_GE(CPU_COUNT(&mine), 1);
  auto cores = share_cores({{mine, 1}}, 0, cores_of_node()).cores;
  ASSERT_FALSE(cores.empty());
  int processors = 0;
  for (const cpu_set_t& core : cores) processors += CPU_COUNT(&core);
  EXPECT_EQ(processors, CPU_COUNT(&mine)) << "every processor that this process may use is in one core";
}

}  // namespace
}  // namespace gluster::base
