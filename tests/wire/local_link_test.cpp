#include "wire/local_link.hpp"

#include <numeric>
#include <thread>

#include <gmock/gmock.h>

#include "wire/message.hpp"

namespace gluster::wire {
namespace {

// Decodes a vector from each frame, and notes what it is told.
class Listener final : public Receiver {
 public:
  void opened(Incoming& frame) override {
    opened_.push_back(frame.head.number);
    if (frame.head.number == refused) throw DataError("refused");
    if (frame.head.number == ignored) return;
    detail::decode(frame.in, values.emplace_back());
  }
  void arrived(std::unique_ptr<Incoming>&& frame) override {
    frame->in.finish();
    arrived_.push_back(frame->head.number);
    ranks.push_back(frame->rank);
  }
  void left(int rank, const Frame& frame) override {
    left_.push_back(frame.number);
    EXPECT_EQ(rank, peer);
  }

  int peer = 0;
  std::uint64_t refused = 0, ignored = 0;
  std::vector<std::uint64_t> opened_, arrived_, left_;
  std::vector<int> ranks;
  std::deque<std::vector<double>> values;
};

struct Content {
  std::vector<double> values;
  Encoder encoder;
};

Frame frame_with(std::uint64_t number, std::size_t count) {
  auto content = std::make_shared<Content>();
  content->values.resize(count);
  std::iota(content->values.begin(), content->values.end(), static_cast<double>(number));
  detail::encode(content->encoder, content->values);
  content->encoder.close();
  return {Word::kCall, 1, number, &content->encoder, content};
}

class LocalLinkTest : public testing::Test {
 protected:
  LocalLinkTest() {
    std::tie(first, second) = LocalLink::pair(0, 5);
    here.peer = 5;
  }

  std::unique_ptr<Link> first, second;
  Listener here, there;
};

TEST_F(LocalLinkTest, DeliversInOrderSmallAndLarge) {
  for (std::uint64_t number : {1, 2, 3}) first->send(5, frame_with(number, number == 2 ? 10'000 : 3));
  EXPECT_TRUE(second->poll(there));
  EXPECT_THAT(there.arrived_, testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(there.ranks, testing::Each(0)) << "the sender's rank";
  ASSERT_EQ(there.values[1].size(), 10'000u);
  EXPECT_EQ(there.values[1][9'999], 10'001.0);
  EXPECT_FALSE(second->poll(there)) << "nothing more";
}

TEST_F(LocalLinkTest, GoesBothWays) {
  first->send(5, frame_with(1, 1));
  second->send(0, frame_with(2, 1));
  first->poll(here);
  second->poll(there);
  EXPECT_THAT(here.arrived_, testing::ElementsAre(2));
  EXPECT_THAT(here.ranks, testing::ElementsAre(5));
  EXPECT_THAT(there.arrived_, testing::ElementsAre(1));
}

TEST_F(LocalLinkTest, TellsWhenALargeFrameHasLeft) {
  first->send(5, frame_with(1, 1));
  first->send(5, frame_with(2, 10'000));
  first->poll(here);
  EXPECT_THAT(here.left_, testing::IsEmpty()) << "nobody has read it";
  second->poll(there);
  first->poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(2)) << "and nothing of the small one";
}

TEST_F(LocalLinkTest, ThrowsAwayWhatIsRefused) {
  there.refused = 1;
  first->send(5, frame_with(1, 10'000));
  first->send(5, frame_with(2, 10'000));
  second->poll(there);
  EXPECT_THAT(there.opened_, testing::ElementsAre(1, 2));
  EXPECT_THAT(there.arrived_, testing::ElementsAre(2));
  first->poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(1, 2)) << "what is thrown away has left, too";
}

TEST_F(LocalLinkTest, ThrowsAwayWhatHasNoPlaceForItsSegments) {
  there.ignored = 1;
  first->send(5, frame_with(1, 10'000));
  second->poll(there);
  EXPECT_THAT(there.opened_, testing::ElementsAre(1));
  EXPECT_THAT(there.arrived_, testing::IsEmpty());
}

// Looks at what comes where it lies, and keeps it.
class Reader final : public Receiver {
 public:
  void opened(Incoming& frame) override { detail::decode(frame.in, view); }
  void arrived(std::unique_ptr<Incoming>&& frame) override { kept = std::move(frame); }
  void left(int, const Frame&) override {}

  std::span<const double> view;
  std::unique_ptr<Incoming> kept;
};

TEST_F(LocalLinkTest, LendsWhatItSendsUntilItIsDoneWith) {
  std::tie(first, second) = LocalLink::lending_pair(0, 5);
  Frame frame = frame_with(1, 10'000);
  const void* data = frame.content->segments.at(0).data;
  first->send(5, std::move(frame));
  Reader reader;
  second->poll(reader);
  EXPECT_EQ(reader.view.data(), data);
  EXPECT_EQ(reader.view[9'999], 10'000.0);
  first->poll(here);
  EXPECT_THAT(here.left_, testing::IsEmpty()) << "it is being read";
  second->recycle(std::move(reader.kept));
  first->poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(1));
}

TEST_F(LocalLinkTest, CopiesOfWhatItLendsAreTheReadersOwn) {
  std::tie(first, second) = LocalLink::lending_pair(0, 5);
  first->send(5, frame_with(1, 10'000));
  second->poll(there);
  first->poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(1));
  EXPECT_EQ(there.values.at(0).at(9'999), 10'000.0);
}

TEST_F(LocalLinkTest, IsDrainedWhenAllWasTaken) {
  EXPECT_TRUE(first->drained());
  first->send(5, frame_with(1, 1));
  EXPECT_FALSE(first->drained());
  second->poll(there);
  EXPECT_TRUE(first->drained());
}

TEST_F(LocalLinkTest, KeepsAFramesOwnerUntilItWasRead) {
  Frame frame = frame_with(1, 10'000);
  std::weak_ptr<const void> owner = frame.owner;
  first->send(5, std::move(frame));
  EXPECT_FALSE(owner.expired());
  second->poll(there);
  first->poll(here);
  EXPECT_TRUE(owner.expired()) << "nobody needs it any more";
}

TEST_F(LocalLinkTest, EachEndMayBeAnotherThreads) {
  constexpr std::uint64_t kFrames = 2000;
  std::thread sender([&] {
    for (std::uint64_t number = 1; number <= kFrames; ++number) {
      first->send(5, frame_with(number, number % 500));
      first->poll(here);
    }
  });
  while (there.arrived_.size() < kFrames) second->poll(there);  // the test's own time limit bounds it
  sender.join();
  ASSERT_EQ(there.values.size(), kFrames);
  for (std::uint64_t number = 1; number <= kFrames; ++number) ASSERT_EQ(there.values[number - 1].size(), number % 500);
}

}  // namespace
}  // namespace gluster::wire
