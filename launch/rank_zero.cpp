// What `gluster run` starts as rank 0: it holds the person's program, which should become the master. One that ends well and never was, `--help` or a program that is not Gluster's at all,
// leaves the runners waiting in MPI_Init: then this process becomes a master that has nothing to do, and they go home.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fmt/format.h>
#include <gluster/gluster.hpp>

#include "commands.hpp"

namespace gluster::command {
namespace {

// What launchers send to a rank, or to its process group.
constexpr std::array kHandedOn{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP, SIGCONT};

[[noreturn]] void become(const std::vector<std::string>& program, pid_t parent, int tell, const sigset_t& signals) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);  // it has died meanwhile
  ::setenv("GLUSTER_HELD", std::to_string(tell).c_str(), 1);
  ::signal(SIGUSR1, SIG_IGN);  // until the master listens
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  std::vector<char*> words;
  for (const std::string& word : program) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  fmt::print(stderr, "gluster: {} cannot be started: {}\n", words[0], std::strerror(errno));
  ::_exit(127);
}

class Held {
 public:
  Held(pid_t pid, int told) : pid_(pid), told_(told) {}
  // Until it has ended; its status, as wait() tells it. `late` is called once, when it has been no master for long.
  template <class Late>
  int wait(const sigset_t& set, const Late& late) {
    constexpr timespec kPatience{20, 0};
    bool is_early = true;
    for (int status = 0;;) {
      if (::waitpid(pid_, &status, WNOHANG) == pid_) return status;
      const int signal = is_early ? ::sigtimedwait(&set, nullptr, &kPatience) : ::sigwaitinfo(&set, nullptr);
      if (signal < 0 && errno == EAGAIN) {
        is_early = false;
        if (!is_master()) late();
      }
      if (signal <= 0 || signal == SIGCHLD) continue;
      // Who is no master (yet) does not know how to end in order.
      ended_early_ |= signal == SIGUSR1 && !is_master();
      ::kill(pid_, ended_early_ && signal == SIGUSR1 ? SIGTERM : signal);
    }
  }
  bool is_master() {
    char byte = 0;
    return is_master_ = is_master_ || ::read(told_, &byte, 1) == 1;
  }
  bool ended_early() const { return ended_early_; }

 private:
  const pid_t pid_;
  const int told_;
  bool is_master_ = false, ended_early_ = false;
};

}  // namespace

int hold(const Command& command, const std::vector<std::string>& program) {
  if (program.empty()) throw UsageError("which program?");
  int tell[2];
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // with the launcher
  if (::pipe(tell) != 0 || ::fcntl(tell[0], F_SETFL, O_NONBLOCK) != 0)
    throw Error(fmt::format("cannot start {}: {}", program[0], std::strerror(errno)));
  sigset_t set, before;
  sigemptyset(&set);
  for (int signal : kHandedOn) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, &before);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw Error(fmt::format("cannot start {}: {}", program[0], std::strerror(errno)));
  if (pid == 0) {
    ::close(tell[0]);
    become(program, parent, tell[1], before);
  }
  ::close(tell[1]);
  Held held(pid, tell[0]);
  const int status = held.wait(set, [&] {
    fmt::print(stderr,
               "gluster: {} has not called gluster::launch in 20 s; a program of MPI's own, without it, would wait for the runners for ever\n",
               program[0]);
  });
  const bool was_master = held.is_master();
  ::close(tell[0]);
  if (held.ended_early() && !was_master) return kGoOnLater;
  if (WIFSIGNALED(status)) {  // and so does this
    if (WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM)
      fmt::print(stderr, "gluster: {} was ended by signal {} ({})\n", program[0], WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    ::signal(WTERMSIG(status), SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (was_master || WEXITSTATUS(status) != 0) return WEXITSTATUS(status);
  fmt::print(stderr, "gluster: {} has ended and never called gluster::launch: no runner was used\n", program[0]);
  return gluster::launch(command.argc, command.argv, [](Cluster&) { return 0; });
}

}  // namespace gluster::command
