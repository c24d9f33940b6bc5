#include "supervise.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include <fmt/format.h>
#include <gluster/error.hpp>

namespace gluster::command {
namespace {

constexpr std::array kHeard{SIGINT, SIGTERM, SIGUSR1, SIGHUP, SIGCHLD};
constexpr int kSecondsUntilKill = 5;

sigset_t heard() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kHeard) sigaddset(&set, signal);
  return set;
}

// In the child: becomes the line. Its own process group, so that a terminal's Ctrl-C comes to this process alone.
[[noreturn]] void become_line(const Line& line, pid_t parent, int tell) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);  // it has died meanwhile
  if (::isatty(STDIN_FILENO) != 0) {                  // which a group in the background may not read
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

struct Child {
  pid_t pid;
  int asked = 0;        // how often its end was asked for
  bool drains = false;  // in order

  // mpirun hands SIGUSR1 on to its ranks.
  void hear(int signal) {
    drains = ++asked == 1 && signal != SIGHUP;
    if (drains) {
      if (signal == SIGINT) fmt::print(stderr, "\ngluster: what runs comes to its end, and nothing more is begun; Ctrl-C again ends it at once\n");
      ::kill(pid, SIGUSR1);
      return;
    }
    ::kill(pid, SIGTERM);
  }
  bool has_ended(int& status) const { return ::waitpid(pid, &status, WNOHANG) == pid; }
};

int shell_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

Outcome supervise(const Line& line) {
  const sigset_t set = heard();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &set, &before);
  int tell[2];
  if (::pipe2(tell, O_CLOEXEC) != 0) throw Error(fmt::format("cannot start {}: {}", line.words[0], std::strerror(errno)));
  const pid_t parent = ::getpid();
  Child child{::fork()};
  if (child.pid == 0) become_line(line, parent, tell[1]);
  ::close(tell[1]);
  int reason = 0;
  const bool failed = child.pid < 0 || ::read(tell[0], &reason, sizeof reason) > 0;
  ::close(tell[0]);
  if (failed) {
    if (child.pid > 0) ::waitpid(child.pid, nullptr, 0);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    throw UsageError(fmt::format("{} cannot be started: {}", line.words[0], std::strerror(child.pid < 0 ? errno : reason)));
  }
  int status = 0;
  for (std::time_t deadline = 0; !child.has_ended(status);) {
    const timespec patience{1, 0};
    int signal = ::sigtimedwait(&set, nullptr, &patience);
    if (signal < 0 && child.drains) ::kill(child.pid, SIGUSR1);  // again: the master may not have listened yet
    if (signal > 0 && signal != SIGCHLD) {
      child.hear(signal);
      if (child.asked > 1 && deadline == 0) deadline = std::time(nullptr) + kSecondsUntilKill;
    }
    if (deadline != 0 && std::time(nullptr) >= deadline) ::kill(child.pid, SIGKILL);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return {shell_status(status), child.asked != 0};
}

}  // namespace gluster::command
