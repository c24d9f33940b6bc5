#include "supervise.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <chrono>
#include <thread>

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::command {
namespace {

using namespace std::chrono_literals;

Line shell(const std::string& script) { return {{"sh", "-c", script}, {}}; }

class SuperviseTest : public testing::Test {
 protected:
  // In a process of its own, which signals are sent to. What it starts does `script` and then sleeps, and says its pid when it is ready. (Perl: a shell cannot listen to a signal that was ignored
  // before it began.)
  pid_t start(const std::string& script) {
    const std::string file = directory / "child";
    const std::string ready =
        script + " open(F, '>', '" + file + ".new'); print F $$; close F; rename('" + file + ".new', '" + file + "'); sleep 1 while 1;";
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(supervise({{"perl", "-e", ready}, {}}).status);
    return pid;
  }
  bool appears(const char* file) const {
    for (int i = 0; i < 1000 && !std::filesystem::exists(directory / file); ++i) std::this_thread::sleep_for(10ms);
    return std::filesystem::exists(directory / file);
  }
  pid_t child() const {
    EXPECT_TRUE(appears("child"));
    return std::stoi(tests::bytes_of(directory / "child"));
  }
  static int end_of(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  static bool ends(pid_t pid) {
    for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(10ms))
      if (::kill(pid, 0) != 0 || state_of(pid) == 'Z') return true;
    return false;
  }
  static char state_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    return text.empty() ? 'Z' : text[text.rfind(')') + 2];
  }

  tests::TemporaryDirectory directory;
};

TEST_F(SuperviseTest, GivesTheStatusOfWhatItStarted) {
  EXPECT_EQ(supervise(shell("exit 7")).status, 7);
  EXPECT_EQ(supervise(shell("kill -SEGV $$")).status, 128 + SIGSEGV);
  EXPECT_FALSE(supervise(shell("exit 0")).stopped);
}

TEST_F(SuperviseTest, SetsWhatTheLineSays) { EXPECT_EQ(supervise({{"sh", "-c", "exit $SEVEN"}, {{"SEVEN", "7"}}}).status, 7); }

TEST_F(SuperviseTest, SaysWhatCannotBeStarted) {
  EXPECT_THROWS_WITH(supervise({{"/nowhere/mpirun"}, {}}), UsageError, "/nowhere/mpirun", "No such file");
}

TEST_F(SuperviseTest, TheFirstSignalAsksForAnEndInOrder) {
  for (int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    std::filesystem::remove(directory / "child");
    pid_t pid = start("$SIG{USR1} = sub { exit 75 };");
    child();
    ::kill(pid, signal);
    EXPECT_EQ(end_of(pid), 75) << signal;
  }
}

TEST_F(SuperviseTest, TheSecondEndsItAtOnce) {
  pid_t pid = start("$SIG{USR1} = sub { open(G, '>', '" + (directory / "asked").string() + "') };");
  child();
  ::kill(pid, SIGINT);
  ASSERT_TRUE(appears("asked"));
  ::kill(pid, SIGINT);
  EXPECT_EQ(end_of(pid), 128 + SIGTERM);
}

TEST_F(SuperviseTest, WhatDoesNotEndIsKilled) {
  pid_t pid = start("$SIG{TERM} = 'IGNORE'; $SIG{USR1} = sub { open(G, '>', '" + (directory / "asked").string() + "') };");
  child();
  ::kill(pid, SIGTERM);
  ASSERT_TRUE(appears("asked"));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(end_of(pid), 128 + SIGKILL);
}

TEST_F(SuperviseTest, WhatItStartedDiesWithIt) {
  pid_t pid = start("");
  pid_t started = child();
  ::kill(pid, SIGKILL);
  EXPECT_EQ(end_of(pid), 128 + SIGKILL);
  EXPECT_TRUE(ends(started));
}

}  // namespace
}  // namespace gluster::command
