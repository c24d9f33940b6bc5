// Calls beside the master that let data leave first.
#include <gmock/gmock.h>

#include "fixtures/dispatcher_story.hpp"

namespace gluster::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wire::Word;

class KeptCallsTest : public tests::DispatcherStory {
 protected:
  static constexpr std::uint64_t kMemory = std::uint64_t{16} << 20;
  static constexpr int kElsewhere = 9;

  KeptCallsTest() { have_runners_here({1}); }

  // On the master's host these, on another kElsewhere.
  void have_runners_here(const std::vector<int>& here) {
    std::vector<int> all = here;
    all.push_back(kElsewhere);
    dispatcher = std::make_unique<Dispatcher>(link, Roster(all, 2), kMemory);
    dispatcher->set_has_helper(true);
    image = add.image = sum.image = add_image("numbers");
    for (int rank : all) {
      say_hello(rank);
      have_plugin(rank);
      dispatcher->roster().at(rank).leader = rank == kElsewhere ? rank : 0;
      dispatcher->roster().at(rank).node_memory = kMemory;
    }
    object = share();
    dispatcher->begin_turn(start);
  }
  std::uint64_t share() {
    const auto reserved = dispatcher->shares().reserve(data.size());
    if (auto relay = dispatcher->shares().seal(reserved.object, data, nullptr)) relay->have(data.size());
    return reserved.object;
  }
  State<std::int64_t> submit_naming(std::int64_t argument = 1) { return submit_naming(prepare(argument)); }
  template <class R>
  State<R> submit_naming(State<R> job) {
    job->call.objects = {object};
    job->call.queued = start;
    dispatcher->submit(job);
    return job;
  }
  void say_it_is_there() { come(kElsewhere, wire::frame_of(Word::kShareDone, 9, wire::ShareDone{object, wire::ShareOutcome::kInMemory, {}})); }
  // When whoever submits calls in a row has done so.
  void look_later(std::chrono::nanoseconds time = std::chrono::milliseconds(20)) {
    dispatcher->begin_turn(start + time);
    dispatcher->balance();
  }
  // The pieces that are on their way have left.
  void let_pieces_leave() {
    std::deque<tests::Sent> others;
    for (tests::Sent& sent : link.take()) {
      if (sent.word() == Word::kShareData) dispatcher->left(sent.rank, sent.frame);
      else others.push_back(std::move(sent));
    }
    for (tests::Sent& sent : link.sent) others.push_back(std::move(sent));
    link.sent = std::move(others);
  }
  bool is_leaving() {
    const auto words = link.words_to(kElsewhere);
    return std::count(words.begin(), words.end(), Word::kShareData) != 0;
  }

  void expect_never_sent() {
    while (is_leaving()) let_pieces_leave();
    look_later();
    EXPECT_THAT(calls(), IsEmpty());
  }

  std::vector<std::byte> data{std::size_t{4} << 20};
  std::uint64_t object = 0;
  const Clock::time_point start = Clock::now();  // and it stays
};

TEST_F(KeptCallsTest, BeginWhenThoseElsewhereHaveWhatTheyWaitFor) {
  submit_naming(), submit_naming();
  EXPECT_TRUE(dispatcher->balance()) << "it is to be asked again";
  look_later();
  EXPECT_THAT(calls(), IsEmpty());
  while (is_leaving()) let_pieces_leave();
  look_later();
  EXPECT_THAT(calls(), IsEmpty()) << "it has not said that it is there";
  say_it_is_there();
  look_later();
  EXPECT_THAT(calls(kElsewhere), SizeIs(1));
  EXPECT_THAT(calls(1), SizeIs(1));
}

TEST_F(KeptCallsTest, BeginWhenLargeArgumentsOfThoseElsewhereHaveLeftToo) {
  submit_naming();
  submit_naming(prepare_large());
  while (is_leaving()) let_pieces_leave();
  say_it_is_there();
  look_later();
  ASSERT_THAT(calls(kElsewhere), SizeIs(1));
  EXPECT_THAT(calls(1), IsEmpty());
  dispatcher->left(kElsewhere, calls(kElsewhere)[0]->frame);
  EXPECT_THAT(calls(1), SizeIs(1));
}

TEST_F(KeptCallsTest, WaitForThoseThatWantForTheirPluginAsWell) {
  image = add.image = sum.image = add_image("more");
  submit_naming();
  say_ready(1);
  submit_naming();
  look_later();
  EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(KeptCallsTest, BeginWhenNobodyElseWaitsForTheData) {
  submit_naming();
  EXPECT_THAT(calls(), IsEmpty()) << "others may follow";
  look_later();
  EXPECT_THAT(calls(1), SizeIs(1));
}

TEST_F(KeptCallsTest, BeginInTheirOrderWhenThereIsMoreToDoHere) {
  submit_naming(1), submit_naming(2);
  EXPECT_THAT(calls(), IsEmpty());
  submit_naming(3);
  EXPECT_THAT(arguments_sent(1), ElementsAre(1, 3));
}

TEST_F(KeptCallsTest, OfSeveralRunnersHereBeginTogether) {
  have_runners_here({1, 2});
  for (std::int64_t i = 0; i < 3; ++i) submit_naming(i);
  look_later();
  EXPECT_THAT(calls(), IsEmpty());
  submit_naming(3);
  EXPECT_THAT(calls(1), SizeIs(testing::Ge(1)));
  EXPECT_THAT(calls(2), SizeIs(testing::Ge(1)));
}

TEST_F(KeptCallsTest, AreNoneBesideOneThatRunsHere) {
  have_runners_here({1, 2});
  dispatcher->roster().at(kElsewhere).in_use = false;
  submit(0);
  dispatcher->roster().at(kElsewhere).in_use = true;
  submit_naming(1);
  ASSERT_THAT(calls(), SizeIs(2));
  EXPECT_NE(calls()[0]->rank, calls()[1]->rank);
}

TEST_F(KeptCallsTest, BeginWhenItIsTheCableThatTakesLong) {
  submit_naming(1), submit_naming(2);
  look_later(std::chrono::seconds(100));
  EXPECT_THAT(calls(1), SizeIs(1));
  come(1, value_of(call_to(1), std::int64_t{0}));
  submit_naming(3);
  EXPECT_THAT(arguments_sent(1), ElementsAre(1, 3)) << "the next does not wait again";
}

TEST_F(KeptCallsTest, AreNoneWhereDataMovesOnlyWhileSomebodyWaits) {
  dispatcher->set_has_helper(false);
  submit_naming(), submit_naming();
  EXPECT_THAT(calls(1), SizeIs(1));
}

TEST_F(KeptCallsTest, AreNeverSentOnceTheyAreCancelled) {
  auto here = submit_naming();
  submit_naming();
  EXPECT_TRUE(dispatcher->cancel(here));
  expect_never_sent();
  EXPECT_EQ(dispatcher->roster().at(1).calls, 0);
}

TEST_F(KeptCallsTest, AreNotSentAtTheEnd) {
  auto here = submit_naming();
  submit_naming();
  dispatcher->drain("the end");
  EXPECT_TRUE(here->ended());
  expect_never_sent();
}

TEST_F(KeptCallsTest, EndWithTheOthersWhenAllIsGivenUp) {
  auto here = submit_naming();
  submit_naming();
  dispatcher->abandon("the end");
  EXPECT_TRUE(here->ended());
  expect_never_sent();
}

TEST_F(KeptCallsTest, OfOtherDataAreNone) {
  submit(1), submit(2);
  EXPECT_THAT(calls(1), SizeIs(1));
}

}  // namespace
}  // namespace gluster::master
