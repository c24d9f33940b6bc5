#include "base/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <gluster/error.hpp>

extern char** environ;

namespace gluster::base {
namespace {

constexpr int kNowhere = -1;  // /dev/null

// A child with its input and both of its outputs, in a process group (0: its own), and with no signal blocked, whatever this process has done to its own.
pid_t spawn(const std::vector<std::string>& words, int input, int output, pid_t group) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (int descriptor : {0, 1, 2}) {
    const int from = descriptor == 0 ? input : output;
    if (from == kNowhere) posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
    if (from != kNowhere) posix_spawn_file_actions_adddup2(&files, from, descriptor);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, group);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int reason = posix_spawnp(&child, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (reason != 0) throw Error(fmt::format("cannot run {}: {}", words[0], std::strerror(reason)));
  return child;
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  ~Pipe() {
    ::close(ends_[0]);
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  int ends_[2];
};

// Leads the group of one program. It reads a pipe that ends with this process alone, and then ends the group: first so that compilers remove what they have in /tmp.
// PR_SET_PDEATHSIG would want a fork, and would not reach what the program itself has started.
class Guard {
 public:
  explicit Guard(const std::vector<std::filesystem::path>& leaves) {
    std::vector<std::string> words{"/bin/sh", "-c", "trap '' TERM; read -r nothing; kill 0; sleep 0.2; rm -f -- \"$@\"; kill -9 0", "sh"};
    words.insert(words.end(), leaves.begin(), leaves.end());
    pid_ = spawn(words, life_.reading(), kNowhere, 0);
  }
  ~Guard() {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  Guard(const Guard&) = delete;
  pid_t group() const { return pid_; }

 private:
  Pipe life_;
  pid_t pid_ = 0;
};

struct Process {
  std::string program;
  int parent = 0;
  char state = 'X';
};

// "pid (program) state parent …"; a program's name may hold anything.
Process look_up(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text, '\0');  // never throws: between opening and reading the process may go
  std::size_t from = text.find('('), to = text.rfind(')');
  if (from == std::string::npos || to == std::string::npos || to + 4 >= text.size()) return {};
  return {text.substr(from + 1, to - from - 1), std::atoi(text.c_str() + to + 4), text[to + 2]};
}

}  // namespace

Ended run_program(const std::vector<std::string>& arguments, const std::vector<std::filesystem::path>& leaves) {
  const Guard guard(leaves);
  Pipe output;
  const pid_t child = spawn(arguments, kNowhere, output.writing(), guard.group());
  output.close_writing();
  Ended ended;
  ended.output = read_all(output.reading());
  ended.status = wait_for(child);
  return ended;
}

bool has_ended(int pid) {
  const char state = look_up(pid).state;
  return state == 'X' || state == 'Z';
}

int find_ancestor(const std::function<bool(std::string_view program)>& is_wanted) {
  for (int pid = ::getppid(); pid > 0;) {
    Process process = look_up(pid);
    if (is_wanted(process.program)) return pid;
    pid = process.parent;
  }
  return -1;
}

}  // namespace gluster::base
