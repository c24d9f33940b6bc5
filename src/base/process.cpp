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
#include <iterator>

#include <fmt/format.h>
#include <gluster/error.hpp>

extern char** environ;

namespace gluster::base {
namespace {

// The child's: no input, both outputs into the pipe, and default signals whatever this process has done to its own.
class Spawn {
 public:
  explicit Spawn(const int (&pipe)[2]) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, pipe[1], 1);
    posix_spawn_file_actions_adddup2(&files_, pipe[1], 2);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;

  pid_t start(std::vector<char*> arguments) {
    arguments.push_back(nullptr);
    pid_t child = 0;
    int reason = posix_spawnp(&child, arguments[0], &files_, &attributes_, arguments.data(), environ);
    if (reason != 0) throw Error(fmt::format("cannot run {}: {}", arguments[0], std::strerror(reason)));
    return child;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

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

struct Process {
  std::string program;
  int parent = 0;
  char state = 'X';
};

// "pid (program) state parent …"; a program's name may hold anything.
Process look_up(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::size_t from = text.find('('), to = text.rfind(')');
  if (from == std::string::npos || to == std::string::npos || to + 4 >= text.size()) return {};
  return {text.substr(from + 1, to - from - 1), std::atoi(text.c_str() + to + 4), text[to + 2]};
}

}  // namespace

Ended run_program(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  pid_t child = 0;
  try {
    child = Spawn(pipe).start(pointers);
  } catch (...) {
    ::close(pipe[0]);
    ::close(pipe[1]);
    throw;
  }
  ::close(pipe[1]);
  Ended ended;
  ended.output = read_all(pipe[0]);
  ::close(pipe[0]);
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
