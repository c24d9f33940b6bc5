// One call as its caller meets it, over any number of ranks: names, handles, what a Job tells and when.
#include "on_master.hpp"

#include <unistd.h>

#include <set>

// Kernels in the program itself.
namespace {
std::int64_t process() { return ::getpid(); }
std::string greets(const std::string& name) { return "hello " + name; }
}  // namespace
GLUSTER_EXPORT(process)
GLUSTER_EXPORT(greets)

namespace gluster::tests {
namespace {

class CallTest : public testing::Test {
 protected:
  CallTest() {
    for (const char* name : {"numbers", "gate", "faulty"}) cluster().import_functions(kernel(name));
    cluster().import_self();
  }
};

TEST_F(CallTest, RunsAKernelByItsFullAndByItsBareName) {
  EXPECT_EQ(cluster().run<std::int64_t>("numbers.add", 40, 2).get(), 42);
  EXPECT_EQ(cluster().run<std::int64_t>("add", 40, 2).get(), 42);
}

TEST_F(CallTest, RefusesABareNameThatTwoPluginsHave) {
  EXPECT_THROWS_WITH((void)cluster().run<std::string>("who"), UsageError, "several plugins have a kernel called who");
  EXPECT_EQ(cluster().run<std::string>("gate.who").get(), "gate");
  EXPECT_EQ(cluster().run<std::string>("numbers.who").get(), "numbers");
}

TEST_F(CallTest, RunsKernelsOfTheProgramItself) {
  EXPECT_EQ(cluster().run<std::string>("greets", "you").get(), "hello you");
  std::string full = std::string(program_invocation_short_name) + ".greets";
  EXPECT_EQ(cluster().run<std::string>(full, std::string("me")).get(), "hello me");
}

TEST_F(CallTest, ListsWhatCanBeCalled) {
  auto kernels = cluster().kernels();
  auto at = std::find_if(kernels.begin(), kernels.end(), [](const KernelInfo& info) { return info.name == "gate.passes"; });
  ASSERT_NE(at, kernels.end());
  EXPECT_EQ(at->signature, "i64(str)");
  EXPECT_EQ(at->documentation, "Waits for a file.");
  EXPECT_EQ(at->parameters, std::vector<std::string>{"gate"});
}

TEST_F(CallTest, CallsThroughAHandle) {
  auto add = cluster().function<std::int64_t(std::int64_t, std::int64_t)>("numbers.add");
  auto copy = add;
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 100; ++i) jobs.push_back(copy(i, 1));
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
}

TEST_F(CallTest, ChecksAHandleWhenItIsMade) {
  using OneNumber = std::int64_t(std::int64_t);
  using Text = std::int64_t(std::int64_t, std::string);
  using Real = double(std::int64_t, std::int64_t);
  EXPECT_THROWS_WITH((void)cluster().function<OneNumber>("numbers.add"), UsageError, "numbers.add", "1 argument", "takes 2");
  EXPECT_THROWS_WITH((void)cluster().function<Text>("numbers.add"), UsageError, "argument 2 is str, the kernel takes i64");
  EXPECT_THROWS_WITH((void)cluster().function<Real>("numbers.add"), UsageError, "expects f64, the kernel returns i64");
  EXPECT_THROWS_WITH((void)cluster().function<OneNumber>("numbers.ad"), UsageError, "no kernel called numbers.ad", "nearest is numbers.add");
}

TEST_F(CallTest, BringsBackEachOfManyValues) {
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 10'000; ++i) jobs.push_back(cluster().run<std::int64_t>("numbers.add", i, 1'000'000));
  for (std::int64_t i = 0; i < 10'000; ++i) ASSERT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1'000'000);
}

TEST_F(CallTest, AnswersTwentyFirstCallsAtOnce) {
  cluster().import_functions(kernel("word_count"));
  using Counts = std::unordered_map<std::string, std::int64_t>;
  std::vector<Job<Counts>> jobs;
  for (int i = 0; i < 20; ++i) jobs.push_back(cluster().run<Counts>("word_count.count", std::vector<std::string>{"a", "b", "a"}));
  for (auto& job : jobs) EXPECT_EQ(job.get(), (Counts{{"a", 2}, {"b", 1}}));
}

TEST_F(CallTest, TakesVoidForAResultLikeAnyOther) {
  Job<void> job = cluster().run<void>("numbers.nothing");
  job.get();
  EXPECT_THROWS_WITH((void)job.get(), UsageError, "taken before");
}

TEST_F(CallTest, SpreadsOverEveryRunner) {
  Gate gate;
  std::vector<Job<std::int64_t>> jobs;
  auto workers = static_cast<std::size_t>(cluster().workers());
  for (std::size_t i = 0; i < workers; ++i) jobs.push_back(cluster().run<std::int64_t>("gate.passes", gate.path()));
  ASSERT_TRUE(gate.reached_by(workers));  // all at the same time
  gate.open();
  std::set<std::pair<std::string, std::int64_t>> processes;  // each host numbers its own
  for (auto& job : jobs) processes.emplace(job.info().host, job.get());
  EXPECT_EQ(processes.size(), workers);
  RunnerInfo first = cluster().runners().front();
  EXPECT_EQ(processes.contains({first.host, ::getpid()}), first.rank == 0);  // only when alone
}

TEST_F(CallTest, MayBeCalledByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (std::int64_t thread = 0; thread < 8; ++thread)
    threads.emplace_back([&wrong, thread] {
      for (std::int64_t i = 0; i < 200; ++i) wrong += cluster().run<std::int64_t>("numbers.add", thread, i).get() != thread + i;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(CallTest, DescribesItsRunners) {
  auto runners = cluster().runners();
  ASSERT_EQ(static_cast<int>(runners.size()), cluster().workers());
  std::set<std::pair<std::string, std::int64_t>> processes;
  for (const RunnerInfo& runner : runners) {
    EXPECT_GE(runner.cores, 1);
    EXPECT_GE(runner.threads, 1);
    EXPECT_FALSE(runner.host.empty() || runner.cpu.empty() || runner.os.empty() || runner.architecture.empty());
    EXPECT_THAT(runner.program, testing::HasSubstr(program_invocation_short_name));
    processes.emplace(runner.host, runner.pid);
  }
  EXPECT_EQ(processes.size(), runners.size());
}

TEST_F(CallTest, TellsWhatARunnerIsDoingWhileItDoesIt) {
  Gate gate;
  auto job = cluster().run<std::int64_t>("gate.passes", gate.path());
  ASSERT_TRUE(gate.reached_by(1));
  auto busy = [&] {
    Status status = cluster().status(std::chrono::seconds(10));
    EXPECT_TRUE(status.helper);
    return std::count_if(status.runners.begin(), status.runners.end(),
                         [](const RunnerStatus& runner) { return runner.kernel == "gate.passes" && runner.calls == 1 && runner.memory > 0; });
  };
  EXPECT_EQ(busy(), 1);
  gate.open();
  job.get();
  EXPECT_EQ(busy(), 0);
}

TEST(SplitTest, CoversEveryIndexOnceAndEvenly) {
  for (std::int64_t count : {0, 1, 7, 100})
    for (int parts : {1, 3, 8}) {
      std::int64_t next = 0;
      auto ranges = split(count, parts);
      for (Range range : ranges) {
        EXPECT_EQ(range.begin, next);
        EXPECT_GE(range.size(), count / parts);
        EXPECT_LE(range.size(), count / parts + 1);
        next = range.end;
      }
      EXPECT_EQ(next, count);
      EXPECT_EQ(static_cast<std::int64_t>(ranges.size()), std::min<std::int64_t>(count, parts));
    }
  EXPECT_THROWS_WITH((void)split(3, 0), UsageError, "cannot be split");
}

}  // namespace
}  // namespace gluster::tests
