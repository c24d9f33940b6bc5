#include "master/roster.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace gluster::master {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

Roster serving(std::vector<int> ranks, int credit, const std::vector<std::string>& hosts = {}) {
  Roster roster(ranks, credit);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    auto info = std::make_shared<RunnerInfo>();
    info->rank = ranks[i];
    info->host = hosts.empty() ? "host" : hosts[i];
    roster.at(ranks[i]).info = info;
    roster.at(ranks[i]).standing = Standing::kServing;
  }
  return roster;
}

int pick_and_give(Roster& roster, std::uint64_t bytes = 0) {
  int rank = roster.pick(bytes);
  if (rank >= 0) roster.give(rank, bytes, Clock::time_point());
  return rank;
}

TEST(RosterTest, PicksNobodyWhoDoesNotServe) {
  Roster roster({1, 2}, 4);
  EXPECT_EQ(roster.pick(0), -1);
  roster.at(2).standing = Standing::kServing;
  EXPECT_EQ(roster.pick(0), 2);
  for (Standing standing : {Standing::kGone, Standing::kLost}) {
    roster.at(2).standing = standing;
    EXPECT_EQ(roster.pick(0), -1);
  }
}

TEST(RosterTest, OfNobodyPicksNobody) {
  Roster roster({}, 4);
  EXPECT_EQ(roster.pick(0), -1);
  EXPECT_EQ(roster.workers(), 0);
  EXPECT_FALSE(roster.use_host("host"));
}

TEST(RosterTest, PicksInTurnAmongEquals) {
  Roster roster = serving({1, 2, 3}, 4);
  std::vector<int> picked;
  for (int i = 0; i < 6; ++i) picked.push_back(pick_and_give(roster));
  for (int rank : {1, 2, 3}) EXPECT_EQ(std::count(picked.begin(), picked.end(), rank), 2) << rank;
  EXPECT_NE(picked[0], picked[1]);
}

TEST(RosterTest, PicksTheLeastLoaded) {
  Roster roster = serving({1, 2, 3}, 4);
  for (int rank : {1, 1, 2, 3, 3}) roster.give(rank, 0, Clock::time_point());
  EXPECT_EQ(roster.pick(0), 2);
  roster.take_back(1, 0);
  roster.take_back(1, 0);
  EXPECT_EQ(roster.pick(0), 1);
}

TEST(RosterTest, NobodyGetsMoreThanTheCredit) {
  Roster roster = serving({1, 2}, 2);
  for (int i = 0; i < 4; ++i) EXPECT_GT(pick_and_give(roster), 0);
  EXPECT_EQ(roster.pick(0), -1);
  roster.take_back(2, 0);
  EXPECT_EQ(roster.pick(0), 2);
}

TEST(RosterTest, LargeDataDoesNotPileUpAtARunner) {
  Roster roster = serving({1}, 16);
  EXPECT_EQ(pick_and_give(roster, 10'000 * kMiB), 1) << "whatever its size, to a runner with nothing";
  EXPECT_EQ(roster.pick(1 * kMiB), -1) << "but nothing large behind it";
  EXPECT_EQ(roster.pick(0), 1) << "small calls are no matter";
  roster.take_back(1, 10'000 * kMiB);
  EXPECT_EQ(roster.at(1).bytes, 0u);
  EXPECT_EQ(pick_and_give(roster, 100 * kMiB), 1);
  EXPECT_EQ(pick_and_give(roster, 100 * kMiB), 1);
  EXPECT_EQ(roster.pick(100 * kMiB), -1);
}

TEST(RosterTest, MoreCallsAreOnTheirWayWhileTheirDataTakesLongerThanTheirKernels) {
  auto taken = [](std::int64_t kernel_nanoseconds, std::uint64_t bytes, int leader) {
    Roster roster = serving({1}, 16);
    roster.at(1).leader = leader;
    roster.at(1).node_memory = 1;
    roster.note_compute(1, kernel_nanoseconds, Clock::time_point());
    int calls = 0;
    while (pick_and_give(roster, bytes) > 0) ++calls;
    return calls;
  };
  EXPECT_EQ(taken(1'000'000'000, 0, 0), 2);
  EXPECT_EQ(taken(1'000'000'000, 8 * kMiB, 0), 2);
  EXPECT_GE(taken(1'000'000, 8 * kMiB, 0), 5);
  EXPECT_EQ(taken(4'000'000, 8 * kMiB, 0), 3);
  EXPECT_GE(taken(20'000'000, 8 * kMiB, 1), 5) << "through a network";
}

TEST(RosterTest, CountsWhoCanWork) {
  Roster roster = serving({1, 2, 3}, 2);
  EXPECT_EQ(roster.workers(), 3);
  roster.at(1).standing = Standing::kLost;
  roster.at(2).standing = Standing::kGone;
  EXPECT_EQ(roster.workers(), 1);
  EXPECT_FALSE(roster.all(Standing::kServing));
}

TEST(RosterTest, UsesOnlyTheHostsThatWereNamed) {
  Roster roster = serving({1, 2, 3}, 2, {"a", "b", "a"});
  EXPECT_FALSE(roster.use_host("c"));
  EXPECT_EQ(roster.workers(), 3) << "a name that nobody has changes nothing";
  EXPECT_TRUE(roster.use_host("b"));
  EXPECT_EQ(roster.workers(), 1);
  EXPECT_EQ(pick_and_give(roster), 2);
  EXPECT_EQ(pick_and_give(roster), 2);
  EXPECT_EQ(roster.pick(0), -1);
  EXPECT_TRUE(roster.use_host("a")) << "and then that one too";
  EXPECT_EQ(roster.workers(), 3);
}

TEST(RosterTest, TakesTheClockFromTheFastestRoundTrip) {
  Roster roster = serving({1}, 2);
  roster.set_clock(1, nanoseconds(1000), nanoseconds(51'100), nanoseconds(1200));
  EXPECT_EQ(roster.at(1).ahead, nanoseconds(50'000));
  roster.set_clock(1, nanoseconds(2000), nanoseconds(99'999), nanoseconds(9000));
  EXPECT_EQ(roster.at(1).ahead, nanoseconds(50'000)) << "a slow answer tells less";
  roster.set_clock(1, nanoseconds(3000), nanoseconds(53'060), nanoseconds(3100));
  EXPECT_EQ(roster.at(1).ahead, nanoseconds(50'010));
}

TEST(RosterTest, RunnersMayHaveAnyRanks) {
  Roster roster = serving({7, 3}, 1);
  std::vector<int> picked{pick_and_give(roster), pick_and_give(roster)};
  EXPECT_THAT(picked, testing::UnorderedElementsAre(3, 7));
  EXPECT_THAT(roster.ranks(), testing::ElementsAre(7, 3));
}

}  // namespace
}  // namespace gluster::master
