#include "master/engine.hpp"

#include <algorithm>
#include <numeric>

#include "fixtures/fake_link.hpp"
#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

// The engine with a real runner on a thread: who moves messages, and how everything ends.
namespace gluster {
namespace {

using std::chrono::milliseconds;
using tests::eventually;
using tests::gate;

class EngineTest : public tests::LocalClusterTest {
 protected:
  EngineTest() { gate.close(); }
  ~EngineTest() override { gate.open(); }

  // Whether a call ends though nobody waits for it.
  bool ends_by_itself(std::chrono::seconds limit = std::chrono::seconds(60)) {
    auto job = run<std::int64_t>("add", 1, 1);
    auto ended = std::make_shared<std::atomic<bool>>(false);
    job.state().on_end([ended] { *ended = true; });
    return eventually([&] { return ended->load(); }, limit);
  }
};

TEST_F(EngineTest, MovesJobsOnWhileNobodyWaits) { EXPECT_TRUE(ends_by_itself()) << "the helper does"; }

TEST_F(EngineTest, WakesAfterARest) {
  run<void>("nothing").get();
  std::this_thread::sleep_for(milliseconds(200));  // long enough for everybody to lie down; how long does not matter
  EXPECT_TRUE(ends_by_itself());
}

// The helper lies down after a while without work, and gives kept memory back first: that takes time, in which a call may come. What was
// the wrong moment is tried many times; that a call is forgotten is what fails, not that the moment was missed.
TEST_F(EngineTest, ACallThatComesWhileTheHelperLiesDownIsNotForgotten) {
  for (int delay = 40; delay < 80; delay += 2) {
    {
      std::vector<Block<char>> blocks;
      for (int i = 0; i < 20; ++i) std::ranges::fill(blocks.emplace_back(std::size_t{4} << 20), 'x');
    }
    run<void>("nothing").get();
    std::this_thread::sleep_for(milliseconds(delay));
    ASSERT_TRUE(ends_by_itself(std::chrono::seconds(5))) << "nobody looks after it, " << delay << " ms after the last";
  }
}

// The helper rests for as long as somebody waits: whoever stops waiting wakes it.
TEST_F(EngineTest, WhatWasWaitedForInVainEndsByItself) {
  for (int delay = 5; delay < 45; delay += 2) {
    gate.close();
    auto job = run<std::int64_t>("wait_for_gate", delay);
    auto ended = std::make_shared<std::atomic<bool>>(false);
    job.state().on_end([ended] { *ended = true; });
    EXPECT_FALSE(job.wait_for(milliseconds(delay)));
    gate.open();
    ASSERT_TRUE(eventually([&] { return ended->load(); }, std::chrono::seconds(5))) << "nobody looks after it, after " << delay << " ms of waiting";
  }
}

TEST(EngineWithoutHelperTest, MovesOnlyInsideItsCalls) {
  tests::LocalCluster cluster(16, false);
  EXPECT_FALSE(cluster.engine->has_helper());
  cluster->import_self();
  EXPECT_EQ(cluster->run<std::int64_t>("add", 1, 2).get(), 3);
  auto job = cluster->run<std::int64_t>("add", 3, 4);
  EXPECT_TRUE(eventually([&] { return job.done(); }));
  EXPECT_THAT(cluster->status().text, testing::HasSubstr("no helper thread"));
}

TEST_F(EngineTest, ManyThreadsCallAtOnce) {
  constexpr std::int64_t kThreads = 8, kCalls = 200;
  std::atomic<std::int64_t> sum = 0;
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      std::vector<Job<std::int64_t>> jobs;
      for (std::int64_t i = 0; i < kCalls; ++i) jobs.push_back(run<std::int64_t>("add", thread * kCalls, i));
      for (auto& job : as_completed(jobs)) sum += job.get();
    });
  for (auto& thread : threads) thread.join();
  std::int64_t calls = kThreads * kCalls;
  EXPECT_EQ(sum, calls * (calls - 1) / 2) << "each once";
}

TEST_F(EngineTest, ManyThreadsWaitEachForItsOwn) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        if ((i + thread) % 5 == 0) {
          EXPECT_THROW(run<void>("fail", "x").get(), KernelError);
        } else if ((i + thread) % 7 == 0) {
          auto job = run<std::int64_t>("add", i, thread);
          bool unsent = job.cancel();
          try {
            EXPECT_EQ(job.get(), i + thread);
            EXPECT_FALSE(unsent) << "what was not sent has no value";
          } catch (const Cancelled&) {  // it had not ended before
          }
        } else {
          EXPECT_EQ(run<std::int64_t>("add", i, thread).get(), i + thread);
        }
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_F(EngineTest, ManyThreadsCarryLargeData) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        std::vector<double> x(1000 * static_cast<std::size_t>(thread + 1), thread);
        EXPECT_EQ(run<std::vector<double>>("twice", x).get(), std::vector<double>(x.size(), 2 * thread));
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_F(EngineTest, AnswersAboutARunnerThatComputes) {
  auto job = run<std::int64_t>("wait_for_gate", 1);
  ASSERT_TRUE(eventually([&] { return gate.inside() == 1; }));
  Status status = cluster->status(std::chrono::seconds(60));
  ASSERT_EQ(status.runners.size(), 1u);
  EXPECT_EQ(status.runners[0].kernel, stem() + ".wait_for_gate") << "it is seen while the kernel runs";
  EXPECT_EQ(status.runners[0].calls, 1);
  EXPECT_EQ(cluster.engine->running_at(1, std::chrono::seconds(60)), stem() + ".wait_for_gate");
  gate.open();
  job.get();
  EXPECT_EQ(cluster->status(std::chrono::seconds(60)).runners[0].calls_done, 1u);
}

TEST_F(EngineTest, AtTheEndWhatWasSentRunsAndTheRestIsCancelled) {
  tests::LocalCluster small(1);
  small->import_self();
  auto sent = small->run<std::int64_t>("wait_for_gate", 7), queued = small->run<std::int64_t>("add", 1, 1);
  ASSERT_TRUE(eventually([&] { return gate.inside() == 1; }));
  std::thread opener([&] {
    EXPECT_TRUE(eventually([&] { return queued.done(); }));
    gate.open();
  });
  small.end();
  opener.join();
  EXPECT_EQ(sent.get(), 7);
  EXPECT_THROWS_WITH(queued.get(), Cancelled, "the cluster has ended");
}

// A runner that says what it must, and never ends a call.
class StuckRunner final : public wire::Link {
 public:
  void send(int, wire::Frame frame) override { sent_.push_back(std::move(frame)); }
  void flush() override {}
  std::size_t gathered(int) const override { return 0; }
  bool busy() const override { return false; }
  bool drained() const override { return true; }
  bool poll(wire::Receiver& receiver) override {
    using wire::Word;
    if (!std::exchange(said_hello_, true))
      tests::come_in(receiver, 1, wire::frame_of(Word::kHello, 1, wire::Hello{"stuck", "", "", "", "", 1, 1, 1}));
    auto frames = std::exchange(sent_, {});
    for (const wire::Frame& frame : frames) {
      if (frame.word == Word::kPing) tests::come_in(receiver, 1, wire::frame_of(Word::kPong, 2, wire::Pong{1, 1, "", 0, 0, 0}));
      if (frame.word == Word::kPlugin) tests::come_in(receiver, 1, wire::frame_of(Word::kPluginReady, 3, wire::PluginReady{0}));
    }
    return !frames.empty();
  }

 private:
  bool said_hello_ = false;
  std::vector<wire::Frame> sent_;
};

TEST(EngineEndTest, GivesUpAtTheDeadline) {
  mpi::Baton baton;
  // What was given up may still be read by the network, so its link is never freed: this keeps it findable.
  static std::shared_ptr<Engine>& engine = *new std::shared_ptr<Engine>;
  engine = std::make_shared<Engine>(Engine::Parts{std::make_unique<StuckRunner>(), &baton, true, {1}, 16});
  engine->meet_runners();
  tests::TemporaryDirectory directory;
  Options options;
  options.cache = directory / "cache";
  Cluster cluster(engine, options);
  cluster.import_self();
  auto job = cluster.run<std::int64_t>("add", 1, 2);
  EXPECT_FALSE(job.wait_for(milliseconds(20)));
  EXPECT_FALSE(engine->shut_down(Clock::now() + milliseconds(50)));
  EXPECT_THROWS_WITH(job.get(), Cancelled, "add was given up: the cluster has ended");
}

TEST(EngineEndTest, AJobOutlivesItsCluster) {
  Job<std::int64_t> job, untouched;
  Job<std::string> next;
  {
    tests::LocalCluster cluster;
    cluster->import_self();
    job = cluster->run<std::int64_t>("add", 2, 3);
    untouched = cluster->run<std::int64_t>("add", 4, 5);
    next = cluster->run<std::string>("echo", "text").then([](std::string text) { return text + "!"; });
  }
  EXPECT_TRUE(job.done());
  EXPECT_TRUE(job.wait_for(milliseconds(1)));
  EXPECT_EQ(job.info().runner, 1);
  EXPECT_FALSE(job.cancel());
  EXPECT_EQ(job.get(), 5);
  EXPECT_EQ(next.get(), "text!");
  EXPECT_EQ(untouched.then([](std::int64_t value) { return value + 1; }).get(), 10) << "even what follows it";
}

TEST(EngineEndTest, NothingRunsAfterTheEnd) {
  tests::LocalCluster cluster;
  cluster->import_self();
  cluster.end();
  EXPECT_THROWS_WITH(cluster->run<std::int64_t>("add", 2, 3), UsageError, "add cannot be run: the cluster has ended");
  EXPECT_TRUE(cluster.engine->shut_down(Clock::now())) << "a second time";
  EXPECT_EQ(cluster->workers(), 0);
}

TEST(EngineEndTest, SeveralLiveOneAfterAnotherAndSideBySide) {
  for (int round = 0; round < 3; ++round) {
    tests::LocalCluster one, two;
    one->import_self();
    two->import_self();
    auto first = one->run<std::int64_t>("add", round, 1), second = two->run<std::int64_t>("add", round, 2);
    EXPECT_EQ(first.get() + second.get(), 2 * round + 3);
  }
}

// What a rank that has gone does to MPI, where it says so.
class BrokenLink final : public wire::Link {
 public:
  void send(int, wire::Frame) override {}
  void flush() override {}
  std::size_t gathered(int) const override { return 0; }
  bool poll(wire::Receiver&) override { throw Error("the link is broken"); }
  bool busy() const override { return false; }
  bool drained() const override { return true; }
};

TEST(EngineOnABrokenLinkTest, TellsEveryoneWhoWaitsAndNotOnlyTheFirst) {
  mpi::Baton baton;
  auto engine = std::make_shared<Engine>(Engine::Parts{std::make_unique<BrokenLink>(), &baton, false, {1}, 16});
  auto never = [](void*) { return false; };
  auto deadline = Clock::now() + std::chrono::seconds(60);
  EXPECT_THROW(engine->wait(never, nullptr, deadline), Error);
  EXPECT_THROW(engine->wait(never, nullptr, deadline), Error) << "the first left nobody to move messages";
}

}  // namespace
}  // namespace gluster
