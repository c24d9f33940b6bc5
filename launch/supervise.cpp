#include "supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/process.hpp"
#include "output_pipe.hpp"

namespace gluster::command {
namespace {

constexpr std::array kHeard{SIGINT, SIGTERM, SIGUSR1, SIGHUP, SIGCHLD};
constexpr int kSecondsUntilKill = 5;
// mpirun (Open MPI 4.1.4) may crash when a signal comes while it hands on the one before.
constexpr std::chrono::milliseconds kBetweenSignals{300};

// Not what nohup has seen to.
sigset_t heard() {
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kHeard)
    if (signal != SIGHUP || hangup.sa_handler != SIG_IGN) sigaddset(&set, signal);
  return set;
}

// In the child: becomes the line. Its own process group, so that a terminal's Ctrl-C comes to this process alone.
[[noreturn]] void become_line(const Line& line, pid_t parent, const OutputPipe& output, int tell) {
  output.become_stdout();
  ::signal(SIGPIPE, SIG_DFL);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);       // it has died meanwhile
  if (!line.reads_input || ::isatty(STDIN_FILENO) != 0) {  // which a group in the background may not read
    int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  }
  ::signal(SIGUSR1, SIG_IGN);  // until the master listens
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const auto& [name, value] : line.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : line.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  int reason = errno;
  if (::write(tell, &reason, sizeof reason) < 0) ::_exit(126);
  ::_exit(127);
}

class Child {
 public:
  Child(pid_t pid, const std::function<std::optional<int>()>& seconds_left) : pid_(pid), seconds_left_(seconds_left) {}
  // mpirun hands SIGUSR1 on to its ranks.
  void hear(int signal) {
    asked_again_ = asked_ != 0;
    drains_ = !asked_again_ && signal != SIGHUP;
    if (!asked_again_) asked_ = signal;
    if (!drains_) return end();
    if (signal == SIGINT) fmt::print(stderr, "\ngluster: what runs comes to its end, and nothing more is begun; Ctrl-C again ends it at once\n");
    send(SIGUSR1);
    if (signal != SIGUSR1 || !seconds_left_) return;
    if (const auto left = seconds_left_()) until_ = std::time(nullptr) + *left;
  }
  void end() {
    if (ending_ == 0) ending_ = std::time(nullptr);
    drains_ = false;
    send(SIGTERM);
  }
  // Its ranks end with it, and without a word: nobody would read it.
  void kill() {
    if (ending_ == 0) ending_ = std::time(nullptr);
    ::kill(pid_, SIGKILL);
  }
  // Every second.
  void go_on() {
    if (drains_ && until_ != 0 && std::time(nullptr) >= until_) {
      out_of_time_ = true;
      end();
    }
    if (drains_) send(SIGUSR1);  // again: the master may not have listened yet
    if (ending_ != 0 && std::time(nullptr) >= ending_ + kSecondsUntilKill) ::kill(pid_, SIGKILL);
  }
  bool has_ended() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  pid_t pid() const { return pid_; }
  bool is_ending() const { return ending_ != 0; }
  Outcome outcome() const { return {WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_), asked_, 0, asked_again_, out_of_time_}; }

 private:
  void send(int signal) {
    std::this_thread::sleep_until(next_);
    ::kill(pid_, signal);
    next_ = std::chrono::steady_clock::now() + kBetweenSignals;
  }

  pid_t pid_;
  const std::function<std::optional<int>()>& seconds_left_;
  int asked_ = 0;  // the first signal that asked for its end
  bool asked_again_ = false;
  bool drains_ = false;    // it is to end in order
  std::time_t until_ = 0;  // then; 0: it has all the time
  bool out_of_time_ = false;
  std::time_t ending_ = 0;                        // since when it is to end at once
  std::chrono::steady_clock::time_point next_{};  // signal
  bool ended_ = false;
  int status_ = 0;
};

// Rank 0, where the launcher has it on this host.
class RankZero {
 public:
  RankZero(const Line& line, int patience) : patience_(patience) {
    std::error_code unknown;
    if (!line.rank_zero.empty()) program_ = std::filesystem::canonical(line.rank_zero, unknown);
  }
  // Every second. True when it has been gone for long, in which nothing came from it either.
  bool is_missing(pid_t launcher, bool is_quiet) {
    const std::time_t now = std::time(nullptr);
    if (pid_ == 0 && !program_.empty()) pid_ = find(launcher);
    if (pid_ == 0 || !base::has_ended(pid_) || !is_quiet) gone_ = now;
    return now - gone_ >= patience_;
  }

 private:
  static std::filesystem::path process(pid_t pid) { return std::filesystem::path("/proc") / std::to_string(pid); }
  pid_t find(pid_t launcher) const {
    std::error_code reason;
    for (const auto& thread : std::filesystem::directory_iterator(process(launcher) / "task", reason)) {
      std::ifstream children(thread.path() / "children");
      for (pid_t pid = 0; children >> pid;)
        if (std::filesystem::read_symlink(process(pid) / "exe", reason) == program_) return pid;
    }
    return 0;
  }

  std::filesystem::path program_;
  const std::time_t patience_;
  pid_t pid_ = 0;
  std::time_t gone_ = 0;  // since when
};

// Until it has ended, and all that it printed is where it belongs.
void watch(Child& child, RankZero rank_zero, OutputPipe& output, int signals) {
  std::time_t second = std::time(nullptr);
  bool is_quiet = true;
  while (!child.has_ended() || !output.is_empty()) {
    pollfd wanted[] = {{signals, POLLIN, 0}, output.wanted()};
    const bool is_over = child.is_ending() && child.has_ended();  // then nobody waits for who does not read
    if (::poll(wanted, 2, is_over ? 0 : 1000) == 0 && is_over) return;
    if (std::exchange(second, std::time(nullptr)) != second && !child.has_ended()) {
      child.go_on();
      if (rank_zero.is_missing(child.pid(), std::exchange(is_quiet, true)) && !child.is_ending()) {
        fmt::print(stderr, "gluster: the master has gone, and mpirun waits for something that does not come: it is killed\n");
        child.kill();
      }
    }
    is_quiet = is_quiet && output.is_empty();
    if (wanted[1].revents != 0) output.pass();
    if (output.refused() != 0 && !child.is_ending()) child.kill();
    signalfd_siginfo signal{};
    if (wanted[0].revents != 0 && ::read(signals, &signal, sizeof signal) == sizeof signal && signal.ssi_signo != SIGCHLD)
      child.hear(static_cast<int>(signal.ssi_signo));
  }
}

}  // namespace

Outcome supervise(const Line& line, int seconds_without, const std::function<std::optional<int>()>& seconds_left) {
  const sigset_t set = heard();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &set, &before);
  const auto pipes_before = ::signal(SIGPIPE, SIG_IGN);
  const auto as_before = [&] {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::signal(SIGPIPE, pipes_before);
  };
  OutputPipe output;
  int tell[2];
  if (::pipe2(tell, O_CLOEXEC) != 0) throw Error(fmt::format("cannot start {}: {}", line.words[0], std::strerror(errno)));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_line(line, parent, output, tell[1]);
  output.child_is_there();
  ::close(tell[1]);
  int reason = pid < 0 ? errno : 0;
  const bool failed = pid < 0 || ::read(tell[0], &reason, sizeof reason) > 0;
  ::close(tell[0]);
  if (failed) {
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    as_before();
    throw UsageError(fmt::format("{} cannot be started: {}", line.words[0], std::strerror(reason)));
  }
  Child child(pid, seconds_left);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  watch(child, RankZero(line, seconds_without), output, signals);
  ::close(signals);
  as_before();
  Outcome outcome = child.outcome();
  outcome.refused = output.refused();
  return outcome;
}

}  // namespace gluster::command
