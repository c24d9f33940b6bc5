#include "supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
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
  EXPECT_EQ(supervise(shell("exit 0")).asked, 0);
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

TEST_F(SuperviseTest, TheSecondDoesNotComeOnTheHeelsOfTheFirst) {
  pid_t pid = start("use Time::HiRes 'time'; $SIG{USR1} = sub { $first = time; open(G, '>', '" + (directory / "asked").string() +
                    "') }; $SIG{TERM} = sub { exit(time - $first > 0.02 ? 5 : 6) };");
  child();
  ::kill(pid, SIGINT);
  ASSERT_TRUE(appears("asked"));
  ::kill(pid, SIGINT);
  EXPECT_EQ(end_of(pid), 5);
}

TEST_F(SuperviseTest, WhatDoesNotEndWhileThereIsTimeIsEndedAtOnce) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const Line line = shell("kill -USR1 $PPID; exec sleep 300");
    const Outcome outcome = supervise(line, 20, [] { return 1; });
    ::_exit(outcome.out_of_time && outcome.asked == SIGUSR1 && outcome.status == 128 + SIGTERM ? 5 : 6);
  }
  EXPECT_EQ(end_of(pid), 5);
}

TEST_F(SuperviseTest, HangingUpEndsItUnlessNohupHasSeenToThat) {
  for (const bool nohup : {false, true}) {
    std::filesystem::remove(directory / "child");
    const auto before = ::signal(SIGHUP, nohup ? SIG_IGN : SIG_DFL);
    const pid_t pid = start(nohup ? "$SIG{USR1} = sub { exit 9 };" : "");
    ::signal(SIGHUP, before);
    child();
    ::kill(pid, SIGHUP);
    if (nohup) ::kill(pid, SIGUSR1);
    EXPECT_EQ(end_of(pid), nohup ? 9 : 128 + SIGTERM);
  }
}

TEST_F(SuperviseTest, WhatDoesNotEndIsKilled) {
  pid_t pid = start("$SIG{TERM} = 'IGNORE'; $SIG{USR1} = sub { open(G, '>', '" + (directory / "asked").string() + "') };");
  child();
  ::kill(pid, SIGTERM);
  ASSERT_TRUE(appears("asked"));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(end_of(pid), 128 + SIGKILL);
}

// The launcher is a shell, and rank 0 a copy of `sleep`.
TEST_F(SuperviseTest, ALauncherThatStaysWithoutItsRankZeroIsKilled) {
  const std::string zero = directory / "zero";
  std::filesystem::copy("/bin/sleep", zero);
  const auto launch = [&](const std::string& script) {
    Line line = shell(script);
    line.rank_zero = zero;
    return supervise(line, 1).status;
  };
  EXPECT_EQ(launch(zero + " 4 & wait; exec perl -e 'sleep 1 while 1'"), 128 + SIGKILL);
  EXPECT_EQ(launch("( sleep 0; exec " + zero + " 5 ) & sleep 4; exit 6"), 6) << "it is there";
  EXPECT_EQ(launch("sleep 4; exit 7"), 7) << "it has not come yet, or is on another host";
}

TEST_F(SuperviseTest, WhatItStartedDiesWithIt) {
  pid_t pid = start("");
  pid_t started = child();
  ::kill(pid, SIGKILL);
  EXPECT_EQ(end_of(pid), 128 + SIGKILL);
  EXPECT_TRUE(ends(started));
}

class PassingTest : public SuperviseTest {
 protected:
  // Supervises `script` in a process of its own, with `place` for its stdout; its end of it is closed here.
  static pid_t start_into(int place, const std::string& script) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(place, STDOUT_FILENO);
      for (int other = STDERR_FILENO + 1; other < 64; ++other) ::close(other);
      const Outcome outcome = supervise(shell(script));
      ::_exit(outcome.refused != 0 ? outcome.refused : outcome.status);
    }
    ::close(place);
    return pid;
  }
  static std::string read_all(int from) {
    std::string all;
    char some[1 << 14];
    for (ssize_t count = 0; (count = ::read(from, some, sizeof some)) > 0;) all.append(some, static_cast<std::size_t>(count));
    ::close(from);
    return all;
  }
};

TEST_F(PassingTest, GivesAllThatIsPrintedToItsOwnStdout) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t pid = start_into(ends[1], "seq 1 100000; exit 3");
  const std::string all = read_all(ends[0]);
  EXPECT_EQ(all.size(), 588895u);
  EXPECT_TRUE(all.ends_with("99999\n100000\n"));
  EXPECT_EQ(end_of(pid), 3);
}

TEST_F(PassingTest, EndsWhatPrintsWhereNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  EXPECT_EQ(end_of(start_into(ends[1], "echo one; exec sleep 100")), EPIPE);
}

TEST_F(PassingTest, EndsWhatPrintsOnAFullDisk) {
  EXPECT_EQ(end_of(start_into(::open("/dev/full", O_WRONLY | O_CLOEXEC), "echo one; exec sleep 100")), ENOSPC);
}

TEST_F(PassingTest, SignalsAreHeardWhileNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t pid = start_into(ends[1], "echo $$ > " + (directory / "child").string() + "; exec yes");
  ASSERT_TRUE(appears("child"));
  pollfd full{ends[0], POLLIN, 0};
  ASSERT_EQ(::poll(&full, 1, 10000), 1);
  ::kill(pid, SIGHUP);
  EXPECT_EQ(end_of(pid), 128 + SIGTERM);
  ::close(ends[0]);
}

}  // namespace
}  // namespace gluster::command
