#include "base/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/comes_true.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::base {
namespace {

using tests::comes_true;
using tests::TemporaryDirectory;

Ended shell(const std::string& script) { return run_program({"sh", "-c", script}); }

TEST(ProcessTest, TellsStatusAndAllOutput) {
  Ended ended = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(ended.status, 3);
  EXPECT_EQ(ended.output, "out\nerr\n");
}

TEST(ProcessTest, TellsASignalAsAShellDoes) {
  EXPECT_EQ(shell("kill -9 $$").status, 128 + 9);
  EXPECT_EQ(shell("kill -15 $$").status, 128 + 15);
}

TEST(ProcessTest, HandsArgumentsOverAsTheyAre) { EXPECT_EQ(run_program({"printf", "%s|", "a b", "", "$HOME", "'\""}).output, "a b||$HOME|'\"|"); }

TEST(ProcessTest, GivesNoInput) { EXPECT_EQ(run_program({"cat"}).output, ""); }

TEST(ProcessTest, ReadsMoreThanAPipeHolds) { EXPECT_EQ(shell("head -c 3000000 /dev/zero").output.size(), 3'000'000u); }

TEST(ProcessTest, SaysWhichProgramIsNotThere) {
  EXPECT_THROWS_WITH(run_program({"no-such-program-anywhere"}), Error, "no-such-program-anywhere", "No such file");
}

TEST(ProcessTest, LeavesNoDescriptorBehind) {
  auto count = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  auto before = count();
  for (int i = 0; i < 5; ++i) {
    shell("true");
    EXPECT_ANY_THROW(run_program({"no-such-program-anywhere"}));
  }
  EXPECT_EQ(count(), before);
}

TEST(ProcessTest, SeveralRunAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([i] { EXPECT_EQ(run_program({"echo", std::to_string(i)}).output, fmt::format("{}\n", i)); });
  for (auto& thread : threads) thread.join();
}

TEST(ProcessTest, ProgramsEndWithTheProcessThatRunsThem) {
  TemporaryDirectory directory;
  const std::filesystem::path pids = directory / "pids", left = directory / "left";
  const pid_t process = ::fork();
  if (process == 0) {
    run_program({"sh", "-c", "trap '' TERM; sleep 300 & echo half > $1; echo $$ $! > $0.new; mv $0.new $0; wait", pids.string(), left.string()},
                {left});
    ::_exit(0);
  }
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(pids); }));
  EXPECT_TRUE(std::filesystem::exists(left));
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
  int program = 0, started = 0;
  std::ifstream(pids) >> program >> started;
  ASSERT_NE(started, 0);
  EXPECT_TRUE(comes_true([&] { return has_ended(program) && has_ended(started); }));
  EXPECT_TRUE(comes_true([&] { return !std::filesystem::exists(left); }));
}

// Between its opening and its reading a process's file becomes one of nobody.
TEST(ProcessTest, AProcessMayGoWhileItIsLookedAt) {
  for (int i = 0; i < 300; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    std::atomic<bool> is_gone = false;
    std::thread looks([&] {
      while (!is_gone) has_ended(child);
    });
    ::waitpid(child, nullptr, 0);
    is_gone = true;
    looks.join();
    EXPECT_TRUE(has_ended(child));
  }
}

TEST(ProcessTest, FindsTheNearestAncestorThatIsWanted) {
  int asked = 0;
  EXPECT_EQ(find_ancestor([&](std::string_view) { return ++asked == 1; }), ::getppid());
  EXPECT_EQ(find_ancestor([](std::string_view program) { return program == "no such program"; }), -1);
}

}  // namespace
}  // namespace gluster::base
