#include "wire/relay.hpp"

#include <gmock/gmock.h>

#include "fixtures/fake_link.hpp"

namespace gluster::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kPiece = Relay::kPiece;
constexpr std::size_t kFew = Relay::kPiecesLeaving;

class RelayTest : public testing::Test {
 protected:
  std::shared_ptr<Relay> relay(std::size_t bytes, std::vector<int> to) {
    data.resize(bytes);
    auto made = std::make_shared<Relay>(Relay::Parts{&link, 7, data, nullptr, std::move(to), [this] { return ++number; }});
    made->when_done = [this] { ++done; };
    return made;
  }
  std::size_t sent_to(int rank) { return link.words_to(rank).size(); }
  // The oldest piece on its way to `rank` leaves.
  void leave(int rank) {
    for (auto at = link.sent.begin(); at != link.sent.end(); ++at) {
      if (at->rank != rank) continue;
      Frame frame = at->frame;
      link.sent.erase(at);
      if (!is_small(frame)) Relay::left(frame);
      return;
    }
    FAIL() << "nothing is on its way to rank " << rank;
  }

  tests::FakeLink link;
  std::vector<std::byte> data;
  std::uint64_t number = 0;
  int done = 0;
};

TEST_F(RelayTest, SendsFewPiecesAtATimeAndTheNextAsOneLeaves) {
  auto one = relay(10 * kPiece, {3});
  one->have(10 * kPiece);
  EXPECT_EQ(sent_to(3), kFew);
  for (int left = 0; left < 10; ++left) {
    EXPECT_EQ(done, 0);
    leave(3);
  }
  EXPECT_EQ(sent_to(3), 0u);
  EXPECT_EQ(done, 1);
}

TEST_F(RelayTest, PassesOnWhatIsHereAndNoMore) {
  auto one = relay(3 * kPiece + 1, {3});
  one->have(kPiece / 2);
  EXPECT_EQ(sent_to(3), 0u);
  one->have(2 * kPiece);
  EXPECT_EQ(sent_to(3), 2u);
  leave(3), leave(3);
  EXPECT_EQ(done, 0);
  one->have(3 * kPiece + 1);
  leave(3);
  EXPECT_EQ(done, 1) << "the last byte is a message that leaves at once";
}

TEST_F(RelayTest, WhoIsSlowHoldsUpNobodyElse) {
  auto one = relay(8 * kPiece, {1, 2});
  one->have(8 * kPiece);
  for (int left = 0; left < 8; ++left) leave(1);
  EXPECT_EQ(sent_to(2), kFew);
  EXPECT_EQ(done, 0);
  for (int left = 0; left < 8; ++left) leave(2);
  EXPECT_EQ(done, 1);
}

TEST_F(RelayTest, OfNothingIsDoneAtOnce) {
  relay(0, {1})->have(0);
  EXPECT_EQ(done, 1);
  relay(5, {})->have(5);
  EXPECT_EQ(done, 2);
  EXPECT_THAT(link.sent, IsEmpty());
}

std::vector<std::int32_t> all_below(const std::vector<Branch>& branches) {
  std::vector<std::int32_t> ranks;
  for (const Branch& branch : branches) {
    ranks.push_back(branch.rank);
    ranks.insert(ranks.end(), branch.below.begin(), branch.below.end());
  }
  return ranks;
}

TEST(BranchesTest, AreAChainForMuchAndATreeForLittle) {
  auto chain = branches({2, 4, 6}, 100 * kPiece);
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_EQ(chain[0].rank, 2);
  EXPECT_THAT(chain[0].below, ElementsAre(4, 6));
  auto tree = branches({2, 4, 6}, 100);
  ASSERT_EQ(tree.size(), 2u);
  EXPECT_THAT(all_below(tree), ElementsAre(2, 4, 6));
  EXPECT_THAT(branches({}, 100), IsEmpty());
  EXPECT_THAT(all_below(branches({5}, 0)), ElementsAre(5));
}

}  // namespace
}  // namespace gluster::wire
