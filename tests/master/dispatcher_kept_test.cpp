// Calls beside the master that let shared data leave first.
#include <gmock/gmock.h>

#include "fixtures/dispatcher_story.hpp"

namespace gluster::master {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using wire::Word;

// Runner 1 on the master's host, 2 on another.
class KeptCallsTest : public tests::DispatcherStory {
 protected:
  static constexpr std::uint64_t kMemory = std::uint64_t{16} << 20;
  static constexpr int kHere = 1, kElsewhere = 2;

  KeptCallsTest() {
    dispatcher = std::make_unique<Dispatcher>(link, Roster({kHere, kElsewhere}, 2), kMemory);
    image = add.image = sum.image = add_image("numbers");
    for (int rank : {kHere, kElsewhere}) {
      say_hello(rank);
      have_plugin(rank);
      dispatcher->roster().at(rank).leader = rank == kHere ? 0 : rank;
      dispatcher->roster().at(rank).node_memory = kMemory;
    }
    const auto reserved = dispatcher->shares().reserve(data.size());
    object = reserved.object;
    if (auto relay = dispatcher->shares().seal(object, data, nullptr)) relay->have(data.size());
    dispatcher->begin_turn(start);
  }
  State<std::int64_t> submit_naming() {
    auto job = prepare(1);
    job->call.objects = {object};
    job->call.queued = start;
    dispatcher->submit(job);
    return job;
  }
  // The pieces that are on their way have left.
  void let_pieces_leave() {
    for (tests::Sent& sent : link.take()) {
      if (sent.word() == Word::kShareData) dispatcher->left(sent.rank, sent.frame);
      else others.push_back(std::move(sent));
    }
    std::move(link.sent.begin(), link.sent.end(), std::back_inserter(others));
    link.sent = std::exchange(others, {});
  }
  bool is_leaving() {
    const auto words = link.words_to(kElsewhere);
    return std::count(words.begin(), words.end(), Word::kShareData) != 0;
  }

  std::vector<std::byte> data{std::size_t{4} << 20};
  std::uint64_t object = 0;
  const Clock::time_point start = Clock::now();  // and it stays
  std::deque<tests::Sent> others;
};

TEST_F(KeptCallsTest, BeginWhenTheDataHasLeftToThoseThatWaitForIt) {
  submit_naming(), submit_naming();
  EXPECT_TRUE(dispatcher->balance()) << "it is to be asked again";
  EXPECT_THAT(calls(), IsEmpty());
  while (is_leaving()) {
    EXPECT_THAT(calls(), IsEmpty());
    let_pieces_leave();
  }
  EXPECT_THAT(calls(kHere), SizeIs(1));
  EXPECT_THAT(calls(kElsewhere), IsEmpty()) << "which has not said that it is there";
}

TEST_F(KeptCallsTest, BeginWhenNobodyElseWaitsForTheData) {
  submit_naming();
  EXPECT_THAT(calls(), IsEmpty());
  dispatcher->balance();
  EXPECT_THAT(calls(kHere), SizeIs(1));
}

TEST_F(KeptCallsTest, BeginWhenThereIsMoreToDoHere) {
  submit_naming(), submit_naming();
  EXPECT_THAT(calls(), IsEmpty());
  submit_naming();
  EXPECT_THAT(calls(kHere), SizeIs(2));
}

TEST_F(KeptCallsTest, BeginWhenItIsTheCableThatTakesLong) {
  submit_naming(), submit_naming();
  dispatcher->begin_turn(start + std::chrono::seconds(1));
  EXPECT_FALSE(dispatcher->balance());
  EXPECT_THAT(calls(kHere), SizeIs(1));
}

TEST_F(KeptCallsTest, AreNeverSentOnceTheyAreCancelled) {
  auto here = submit_naming();
  submit_naming();
  EXPECT_TRUE(dispatcher->cancel(here));
  while (is_leaving()) let_pieces_leave();
  dispatcher->balance();
  EXPECT_THAT(calls(), IsEmpty());
  EXPECT_EQ(dispatcher->roster().at(kHere).calls, 0);
}

TEST_F(KeptCallsTest, EndWithTheOthersWhenAllIsGivenUp) {
  auto here = submit_naming();
  submit_naming();
  dispatcher->abandon("the end");
  EXPECT_TRUE(here->ended());
  while (is_leaving()) let_pieces_leave();
  EXPECT_FALSE(dispatcher->balance());
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(KeptCallsTest, OfOtherDataAreNone) {
  submit(1), submit(2);
  EXPECT_THAT(calls(kHere), SizeIs(1));
}

}  // namespace
}  // namespace gluster::master
