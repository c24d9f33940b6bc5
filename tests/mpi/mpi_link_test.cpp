#include "mpi/mpi_link.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/pages.hpp"
#include "fixtures/shared_room.hpp"
#include "wire/message.hpp"

namespace gluster::mpi {
namespace {

// Decodes from each frame a vector, and texts where there are some; notes what it is told.
class Listener final : public wire::Receiver {
 public:
  void opened(wire::Incoming& frame) override {
    opened_.push_back(frame.head.number);
    if (frame.head.number == refused) throw DataError("refused");
    detail::decode(frame.in, values[frame.head.number]);
    detail::decode(frame.in, texts[frame.head.number]);
  }
  void arrived(std::unique_ptr<wire::Incoming>&& frame) override {
    const std::unique_ptr<wire::Incoming> taken = std::move(frame);
    if (taken->head.number == too_much) throw std::bad_alloc();
    taken->in.finish();
    arrived_.push_back(taken->head.number);
  }
  void left(int, const wire::Frame& frame) override {
    left_.push_back(frame.number);
    if (then) then();
  }

  std::uint64_t refused = 0, too_much = 0;
  std::vector<std::uint64_t> opened_, arrived_, left_;
  std::map<std::uint64_t, std::vector<double>> values;
  std::map<std::uint64_t, std::vector<std::string>> texts;
  std::function<void()> then;
};

struct Content {
  std::vector<double> values;
  std::vector<std::string> texts;
  Encoder encoder;
};

// `count` numbers are a segment from 256 on, `texts` spill from some hundred on.
wire::Frame frame_with(std::uint64_t number, std::size_t count, std::size_t texts = 0) {
  auto content = std::make_shared<Content>();
  content->values.resize(count);
  std::iota(content->values.begin(), content->values.end(), static_cast<double>(number));
  content->texts.resize(texts, "text " + std::to_string(number));
  detail::encode(content->encoder, content->values);
  detail::encode(content->encoder, content->texts);
  content->encoder.close();
  return {wire::Word::kCall, 1, number, &content->encoder, content};
}

constexpr std::size_t kMegabyte = std::size_t{1} << 17;  // in numbers
constexpr std::size_t kTooLarge = 8 * kMegabyte;         // for a parcel

// Two links of one process, as a master's and a runner's of one node.
class MpiLinkTest : public testing::Test {
 protected:
  void poll_until_arrived(std::size_t frames) {
    for (int i = 0; there.arrived_.size() < frames && i < 100'000; ++i) {
      master.poll(here);
      runner.poll(there);
    }
    ASSERT_EQ(there.arrived_.size(), frames);
  }
  void expect_values_are_right() {
    for (const std::uint64_t number : there.arrived_) {
      std::vector<double> expected(there.values[number].size());
      std::iota(expected.begin(), expected.end(), static_cast<double>(number));
      EXPECT_TRUE(there.values[number] == expected) << "frame " << number;
    }
  }
  void TearDown() override {
    for (int i = 0; !master.drained() && i < 100'000; ++i) master.poll(here), runner.poll(there);
    EXPECT_TRUE(master.drained());
  }

  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  static std::byte* zeros() {
    const std::size_t bytes = (Mailboxes::bytes_for({0, 1}) + 63) / 64 * 64;
    return static_cast<std::byte*>(std::memset(std::aligned_alloc(64, bytes), 0, bytes));
  }

  std::unique_ptr<std::byte, Free> memory{zeros()};
  fixtures::SharedRoom room{Mailboxes::bytes_for_parcels({0, 1})};
  MpiLink master{MPI_COMM_SELF, Mailboxes(memory.get(), room.bytes(), {0, 0}, 0), 0};  // the other side is rank 0, too
  MpiLink runner{MPI_COMM_SELF, Mailboxes(memory.get(), room.bytes(), {0, 1}, 1), 0};
  Listener here, there;
};

TEST_F(MpiLinkTest, DeliversInOrderWhatIsSmallOrLiesBeside) {
  master.send(0, frame_with(1, 3));
  master.send(0, frame_with(2, 1000));
  master.send(0, frame_with(3, 3, 1000));
  master.send(0, frame_with(4, kMegabyte / 2, 1000));
  master.send(0, frame_with(5, 1));
  poll_until_arrived(5);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(1, 2, 3, 4, 5));
  expect_values_are_right();
  EXPECT_EQ(there.texts[4], std::vector<std::string>(1000, "text 4"));
  master.poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(2, 3, 4)) << "and nothing of the small ones";
  EXPECT_TRUE(master.drained());
}

TEST_F(MpiLinkTest, WhatHasNoRoomBesideGoesByTheStream) {
  for (std::uint64_t number = 1; number <= 6; ++number) master.send(0, frame_with(number, number == 3 ? kTooLarge : kMegabyte / 2));
  poll_until_arrived(6);
  expect_values_are_right();
}

TEST_F(MpiLinkTest, WhatComesByTheStreamArrivesInItsOrderAndHoldsUpNothingSmall) {
  for (std::uint64_t number = 1; number <= 3; ++number) master.send(0, frame_with(number, kTooLarge));
  master.send(0, frame_with(4, 3));
  poll_until_arrived(4);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(4, 1, 2, 3));
  expect_values_are_right();
  for (int i = 0; i < 10; ++i) master.poll(here);
  EXPECT_THAT(here.left_, testing::ElementsAre(1, 2, 3));
}

// A call whose body is in the stream is known before the word that takes it back.
TEST_F(MpiLinkTest, FramesAreOpenedInOrderAlsoWhereABodyComesByTheStream) {
  for (const bool is_gathered : {false, true}) {
    there.opened_.clear();
    const std::size_t before = there.arrived_.size();
    const std::uint64_t first = is_gathered ? 101 : 1;
    std::uint64_t number = first;
    if (is_gathered)
      for (; number < first + 200; ++number) master.send(0, frame_with(number, 3));  // more than the mailbox has places for
    master.send(0, frame_with(number++, kTooLarge, 300'000));
    master.send(0, frame_with(number++, 3));
    master.send(0, frame_with(number++, kTooLarge, 300'000));
    master.send(0, frame_with(number++, 3));
    poll_until_arrived(before + number - first);
    EXPECT_TRUE(std::ranges::is_sorted(there.opened_)) << testing::PrintToString(there.opened_);
    EXPECT_EQ(there.texts[number - 2], std::vector<std::string>(300'000, "text " + std::to_string(number - 2)));
    expect_values_are_right();
  }
}

TEST_F(MpiLinkTest, WhatTheStreamPassesOverIsToldAsMoved) {
  there.refused = 1;
  master.send(0, frame_with(1, kTooLarge));
  EXPECT_TRUE(runner.poll(there));
  EXPECT_TRUE(master.poll(here));
  EXPECT_TRUE(runner.poll(there)) << "what is left of it";
}

TEST_F(MpiLinkTest, WhatFitsBesideWantsNoStream) {
  master.send(0, frame_with(1, 1000));
  EXPECT_LT(room.pages_there() * base::kPage, 8 * kMegabyte) << "of the stream";
  poll_until_arrived(1);
}

TEST_F(MpiLinkTest, WhatIsRefusedInTheStreamIsPassedOver) {
  there.refused = 2;
  for (std::uint64_t number = 1; number <= 3; ++number) master.send(0, frame_with(number, kTooLarge));
  master.send(0, frame_with(2, kTooLarge, 300'000));  // it is refused when its body has come
  master.send(0, frame_with(4, kTooLarge));
  poll_until_arrived(3);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(1, 3, 4));
  expect_values_are_right();
  EXPECT_FALSE(runner.busy());
  master.poll(here);
  EXPECT_TRUE(master.drained());
  EXPECT_THAT(here.left_, testing::ElementsAre(1, 2, 3, 2, 4));
}

TEST_F(MpiLinkTest, WhatCannotBeKeptOfTheStreamIsGoneAndTheNextOneArrives) {
  there.too_much = 1;
  master.send(0, frame_with(1, kTooLarge));
  master.send(0, frame_with(2, kTooLarge));
  const auto poll_until_thrown = [&] {
    for (int i = 0; i < 100'000; ++i) master.poll(here), runner.poll(there);
  };
  EXPECT_THROW(poll_until_thrown(), std::bad_alloc);
  poll_until_arrived(1);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(2));
  EXPECT_FALSE(runner.busy());
}

TEST_F(MpiLinkTest, OnePollMovesAPartOfWhatIsVeryLarge) {
  master.send(0, frame_with(1, 16 * kMegabyte));
  runner.poll(there);
  EXPECT_TRUE(runner.busy());
  EXPECT_TRUE(there.arrived_.empty());
  EXPECT_TRUE(master.poll(here)) << "what has been read has made room";
  EXPECT_FALSE(master.poll(here));
  EXPECT_FALSE(master.drained());
  EXPECT_TRUE(runner.poll(there));
  EXPECT_FALSE(runner.poll(there));
  poll_until_arrived(1);
}

// Else a runner's last word would come before its last value.
TEST_F(MpiLinkTest, IsNotDrainedBeforeTheStreamHasBeenRead) {
  master.send(0, frame_with(1, 3 * kMegabyte / 2));
  for (int i = 0; here.left_.empty() && i < 10; ++i) {
    runner.poll(there);
    master.poll(here);
    if (!there.arrived_.empty()) break;
    EXPECT_FALSE(master.drained());
  }
  while (there.arrived_.empty()) {
    EXPECT_FALSE(master.drained());
    runner.poll(there);
    master.poll(here);
  }
  master.poll(here);
  EXPECT_TRUE(master.drained());
}

TEST_F(MpiLinkTest, TheStreamsPagesGoBackWhenItIsEmpty) {
  master.send(0, frame_with(1, kTooLarge));
  master.trim();
  EXPECT_NE(room.pages_there(), 0u);
  poll_until_arrived(1);
  master.poll(here);
  master.trim();
  EXPECT_EQ(room.pages_there(), 0u);
  expect_values_are_right();
}

// No room beside: /dev/shm is full, for one.
TEST_F(MpiLinkTest, WithoutRoomBesideAllThatIsLargeGoesByMpi) {
  std::unique_ptr<std::byte, Free> other{zeros()};
  MpiLink alone{MPI_COMM_SELF, Mailboxes(other.get(), {}, {0, 0}, 0), 0};
  MpiLink its_runner{MPI_COMM_SELF, Mailboxes(other.get(), {}, {0, 1}, 1), 0};
  for (std::uint64_t number = 1; number <= 4; ++number) alone.send(0, frame_with(number, number == 3 ? kTooLarge : kMegabyte / 2));
  for (int i = 0; there.arrived_.size() < 4 && i < 100'000; ++i) alone.poll(here), its_runner.poll(there);
  ASSERT_EQ(there.arrived_.size(), 4u);
  expect_values_are_right();
  for (int i = 0; !alone.drained() && i < 100'000; ++i) alone.poll(here);
}

TEST_F(MpiLinkTest, ManyGoByWayOfAFewPlaces) {
  for (std::uint64_t number = 1; number <= 200; ++number) {
    master.send(0, frame_with(number, 300 * (number % 50), number % 3 * 200));
    if (number % 5 == 0) runner.poll(there);
  }
  poll_until_arrived(200);
  expect_values_are_right();
}

TEST_F(MpiLinkTest, WhatIsRefusedLeavesItsRoomToOthers) {
  there.refused = 7;
  for (int i = 0; i < 20; ++i) {
    master.send(0, frame_with(7, kMegabyte, 500));
    runner.poll(there);
    master.poll(here);
    EXPECT_TRUE(master.drained());
  }
  EXPECT_FALSE(runner.busy());
  master.trim();
  EXPECT_EQ(room.pages_there(), 0u) << "nothing lies there any more";
  master.send(0, frame_with(8, kMegabyte));
  runner.poll(there);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(8));
}

TEST_F(MpiLinkTest, WhatCannotBeKeptIsGoneAndTheNextOneArrives) {
  there.too_much = 1;
  master.send(0, frame_with(1, kMegabyte / 2, 500));
  master.send(0, frame_with(2, 1000));
  EXPECT_THROW(runner.poll(there), std::bad_alloc);
  runner.poll(there);
  EXPECT_THAT(there.arrived_, testing::ElementsAre(2));
  EXPECT_FALSE(runner.busy());
}

TEST_F(MpiLinkTest, APollIsOverThoughWhatHasLeftMakesRoomForMore) {
  std::uint64_t sent = 2;
  here.then = [&] {
    runner.poll(there);
    if (sent < 100) master.send(0, frame_with(++sent, kMegabyte / 4));
  };
  master.send(0, frame_with(1, kMegabyte / 4));
  master.send(0, frame_with(2, kMegabyte / 4));
  master.poll(here);
  EXPECT_EQ(here.left_.size(), 2u);
  here.then = nullptr;
  poll_until_arrived(4);
}

TEST_F(MpiLinkTest, IsReadByOneSideWhileTheOtherWrites) {
  constexpr std::uint64_t kFrames = 300;
  std::thread writer([&] {
    for (std::uint64_t number = 1; number <= kFrames; ++number) {
      master.send(0, frame_with(number, number % 50 == 0 ? 4 * kMegabyte : number % 2 == 0 ? 10 : kMegabyte / 8, number % 3 * 100));
      while (!master.drained()) master.poll(here), std::this_thread::yield();
    }
  });
  while (there.arrived_.size() < kFrames) runner.poll(there), std::this_thread::yield();
  writer.join();
  std::vector<std::uint64_t> in_order(kFrames);
  std::iota(in_order.begin(), in_order.end(), 1);
  EXPECT_THAT(there.arrived_, testing::UnorderedElementsAreArray(in_order)) << "what is small does not wait for the stream";
  expect_values_are_right();
}

}  // namespace
}  // namespace gluster::mpi

int main(int argc, char** argv) {
  int given = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &given);
  testing::InitGoogleMock(&argc, argv);
  const int status = RUN_ALL_TESTS();
  MPI_Finalize();
  return status;
}
