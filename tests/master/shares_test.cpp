#include "master/shares.hpp"

#include <gmock/gmock.h>

#include "fixtures/fake_link.hpp"

namespace gluster::master {
namespace {

using Where = Shares::Where;

// Runners 1 and 2 on the master's host, 3 and 4 on the second, 5 and 6 on the third.
class SharesTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kMemory = 1 << 20;
  SharesTest() {
    for (int rank : roster.ranks()) {
      roster.at(rank).in_use = true;
      roster.at(rank).leader = rank < 3 ? 0 : rank < 5 ? 3 : 5;
      roster.at(rank).node_memory = kMemory;
    }
  }
  std::uint64_t share() {
    auto reserved = shares.reserve(data.size());
    if (auto relay = shares.seal(reserved.object, data, nullptr)) relay->have(data.size());
    return reserved.object;
  }
  void say(int rank, std::uint64_t object, wire::ShareOutcome outcome, std::vector<std::int32_t> below = {}) {
    shares.done(rank, {object, outcome, std::move(below)});
  }
  // What was sent to a rank: where it is to lie.
  std::vector<std::uint64_t> offsets_sent_to(int rank) {
    std::vector<std::uint64_t> offsets;
    for (tests::Sent& sent : link.sent)
      if (sent.rank == rank && sent.word() == wire::Word::kShare) offsets.push_back(sent.read<wire::Share>().offset);
    return offsets;
  }

  tests::FakeLink link;
  Roster roster{{1, 2, 3, 4, 5, 6}, 16};
  std::uint64_t number = 0;
  Shares shares{link, roster, kMemory, [this] { return ++number; }};
  std::vector<std::byte> data{1000};
};

TEST_F(SharesTest, LieOnceOnEachHost) {
  std::uint64_t object = share();
  EXPECT_EQ(shares.ask(object, 2), Where::kThere);
  EXPECT_EQ(shares.ask(object, 4), Where::kComing);
  say(3, object, wire::ShareOutcome::kInMemory);
  EXPECT_EQ(shares.ask(object, 4), Where::kThere);
  EXPECT_THAT(offsets_sent_to(4), testing::IsEmpty());
}

// Runners 1 and 2 alone, on the master's host.
class LoansTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kPage = 4096, kLent = 25 * kPage, kMemory = 8 * kLent;
  LoansTest() {
    for (int rank : roster.ranks()) {
      roster.at(rank).leader = 0;
      roster.at(rank).node_memory = kMemory;
    }
  }
  tests::FakeLink link;
  Roster roster{{1, 2}, 16};
  std::uint64_t number = 0;
  Shares shares{link, roster, kMemory, [this] { return ++number; }};
};

TEST_F(LoansTest, LieAtTheEndOfTheMemoryTakeAQuarterAtMostAndComeBack) {
  const auto first = shares.lend(kLent), second = shares.lend(kLent);
  EXPECT_EQ(first.offset, 7 * kLent);
  EXPECT_EQ(first.fresh, kLent);
  EXPECT_EQ(second.offset, 6 * kLent);
  EXPECT_EQ(shares.lend(1).offset, kNowhere);
  for (int rank : {1, 2}) EXPECT_EQ(shares.ask(first.object, rank), Where::kThere);
  EXPECT_EQ(shares.reserve(6 * kLent).offset, 0u) << "the rest is for shared data";
  shares.release(first.object);
  const auto again = shares.lend(kLent);
  EXPECT_EQ(again.offset, first.offset);
  EXPECT_EQ(again.fresh, 0u) << "its pages are there";
  EXPECT_THAT(link.sent, testing::IsEmpty());
}

TEST_F(LoansTest, FindNoPlaceWhereSharedDataHasComeAsFar) {
  (void)shares.reserve(7 * kLent);
  EXPECT_EQ(shares.lend(2 * kLent).offset, kNowhere);
  EXPECT_EQ(shares.lend(kLent).offset, 7 * kLent);
}

TEST_F(LoansTest, AreForRunnersThatAllReachThem) {
  EXPECT_TRUE(shares.may_lend());
  roster.at(2).leader = 2;  // on another host
  EXPECT_FALSE(shares.may_lend());
  roster.at(2).leader = 0;
  roster.at(2).node_memory = 0;
  EXPECT_FALSE(shares.may_lend());
  Roster master({0}, 16);
  master.at(0).leader = 0;
  master.at(0).node_memory = kMemory;
  EXPECT_FALSE(Shares(link, master, kMemory, [] { return 0; }).may_lend()) << "it is there already";
}

TEST_F(LoansTest, TakeNothingFromSharedDataThatMustLieInMemory) {
  shares.require_memory();
  EXPECT_FALSE(shares.may_lend());
  EXPECT_EQ(shares.lend(kLent).offset, kNowhere);
}

TEST_F(LoansTest, WithoutPagesAreNoMoreThanThereAre) {
  const auto first = shares.lend(kLent), second = shares.lend(kLent);
  shares.lend_no_more(second.object);
  shares.release(second.object);
  EXPECT_EQ(shares.lend(kPage).offset, kNowhere);
  shares.release(first.object);
  EXPECT_EQ(shares.lend(kLent).fresh, kLent) << "nobody knows which pages are there";
}

TEST_F(LoansTest, LeaveTheMemoryWhenItLiesIdle) {
  EXPECT_EQ(shares.begin_trim().bytes, 0u) << "none was lent";
  const auto loan = shares.lend(kLent);
  EXPECT_EQ(shares.begin_trim().bytes, 0u) << "it is in use";
  shares.release(loan.object);
  const auto idle = shares.begin_trim();
  EXPECT_EQ(idle.offset, loan.offset);
  EXPECT_EQ(idle.bytes, kLent);
  EXPECT_NE(shares.lend(kPage).offset, loan.offset) << "its pages are going";
  shares.end_trim(idle);
  EXPECT_EQ(shares.lend(kLent).fresh, kLent);
}

TEST_F(LoansTest, TakeTheirPagesWithThemAlsoWhereSharedDataHasLain) {
  const auto all = shares.reserve(kMemory);
  shares.seal(all.object, {}, nullptr);
  shares.release(all.object);
  shares.release(shares.lend(kLent).object);
  shares.end_trim(shares.begin_trim());
  EXPECT_EQ(shares.reserve(kMemory).touched, kMemory - kLent);
}

TEST_F(SharesTest, AreCopiedToEachRankOfAHostWithoutRoom) {
  std::uint64_t object = share();
  EXPECT_FALSE(shares.is_copy({object, wire::ShareOutcome::kInMemory, {}}));
  EXPECT_TRUE(shares.is_copy({object, wire::ShareOutcome::kOwn, {}}));
  say(3, object, wire::ShareOutcome::kOwn);
  EXPECT_EQ(shares.ask(object, 3), Where::kThere);
  EXPECT_EQ(shares.ask(object, 4), Where::kComing);
  EXPECT_THAT(offsets_sent_to(4), testing::ElementsAre(kNowhere));
}

TEST_F(SharesTest, GoToTheNodesThatHaveAPlaceForThemAndToRanksOfOthers) {
  roster.at(3).node_memory = roster.at(4).node_memory = 500;
  roster.at(5).leader = roster.at(6).leader = -1;
  std::uint64_t object = share();
  EXPECT_EQ(shares.ask(object, 1), Where::kThere);
  EXPECT_THAT(link.sent, testing::IsEmpty()) << "no other node has one";
  for (int rank : {3, 4, 5, 6}) {
    EXPECT_EQ(shares.ask(object, rank), Where::kComing);
    EXPECT_THAT(offsets_sent_to(rank), testing::ElementsAre(kNowhere));
    say(rank, object, wire::ShareOutcome::kOwn);
    EXPECT_EQ(shares.ask(object, rank), Where::kThere);
  }
}

TEST_F(SharesTest, AreSentAgainToAHostThatNobodyPassedThemOnTo) {
  std::uint64_t object = share();
  say(3, object, wire::ShareOutcome::kNoRoom, {5});
  link.take();
  EXPECT_EQ(shares.ask(object, 6), Where::kComing);
  EXPECT_THAT(offsets_sent_to(5), testing::ElementsAre(0u)) << "into its node memory, once";
  EXPECT_THAT(offsets_sent_to(6), testing::IsEmpty());
  EXPECT_EQ(shares.ask(object, 3), Where::kNoRoom);
}

TEST_F(SharesTest, AreRefusedWhereNodeMemoryIsRequiredAndAHostHasNoRoom) {
  shares.require_memory();
  std::uint64_t object = share();
  say(3, object, wire::ShareOutcome::kOwn);
  say(5, object, wire::ShareOutcome::kInMemory);
  EXPECT_EQ(shares.ask(object, 1), Where::kThere);
  EXPECT_EQ(shares.ask(object, 3), Where::kNotInMemory);
  EXPECT_EQ(shares.ask(object, 4), Where::kNotInMemory);
  EXPECT_EQ(shares.ask(object, 6), Where::kThere);
}

TEST_F(SharesTest, OfNothingAreEverywhere) {
  shares.require_memory();
  data.clear();
  std::uint64_t object = share();
  for (int rank : roster.ranks()) EXPECT_EQ(shares.ask(object, rank), Where::kThere);
  EXPECT_THAT(link.sent, testing::IsEmpty());
}

TEST_F(SharesTest, HaveNoPlaceWhereNodeMemoryIsRequiredAndAHostSharesNone) {
  roster.at(5).leader = roster.at(6).leader = -1;
  roster.at(5).node_memory = roster.at(6).node_memory = 0;
  EXPECT_NE(shares.reserve(1000).offset, kNowhere);
  shares.require_memory();
  EXPECT_EQ(shares.reserve(1000).offset, kNowhere);
}

}  // namespace
}  // namespace gluster::master
