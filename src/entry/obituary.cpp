#include "entry/obituary.hpp"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "entry/output.hpp"

namespace gluster::entry {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kSignals = 65;  // numbers from 1 on

// A signal that ends a process which does nothing about it, and can be caught.
bool is_fatal(int signal) {
  for (int harmless : {SIGKILL, SIGSTOP, SIGCONT, SIGCHLD, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU})
    if (signal == harmless) return false;
  return true;
}

// Sent from outside to whole groups of processes: it says nothing about the kernel that happens to run.
bool is_farewell(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT; }

// Open MPI catches these for a stack trace of its own.
bool is_crash(int signal) { return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGABRT || signal == SIGILL; }

// What the handlers know: they are called with nothing but a signal's number. Written while no kernel runs.
struct Known {
  std::atomic<const char*> kernel = nullptr;
  pid_t process = 0;  // a kernel's own children have these handlers too, and are none of ours
  int rank = -1;
  char host[128] = "";
  int door = -1;  // a socket to the master's sentry; -1: on another host
  bool in_thread = false;
  pthread_t thread{};
  std::array<struct sigaction, kSignals> before{};
  std::array<bool, kSignals> caught{};
  std::atomic<bool> listening = false;
  alignas(16) char stack[kStackBytes];
} known;

int connect_to(const std::string& door) {
  sockaddr_un address{};
  if (door.empty() || door.size() + 1 > sizeof address.sun_path) return -1;
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, door.data(), door.size());  // a name in no file system: of this host alone
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + door.size());
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), length) == 0) return socket;
  ::close(socket);
  return -1;
}

// From here to `on_signal` only what may be called in a signal handler.

void append(char* text, std::size_t size, const char* more) {
  std::size_t at = std::strlen(text);
  std::strncpy(text + at, more, size - at - 1);
}

void append(char* text, std::size_t size, int number) {
  char digits[12];
  char* at = digits + sizeof digits - 1;
  *at = '\0';
  do *--at = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  append(text, size, at);
}

void append_signal(char* text, std::size_t size, int signal) {
  append(text, size, signal);
  const char* name = ::sigabbrev_np(signal);
  if (name == nullptr) return;
  append(text, size, " (SIG");
  append(text, size, name);
  append(text, size, ")");
}

void compose(const Obituary& about, const char* host, char* text, std::size_t size) {
  bool told_to_end = about.from_outside != 0 && is_farewell(about.signal);
  if (told_to_end) {
    append(text, size, "the run was told to end by signal ");
    append_signal(text, size, about.signal);
    append(text, size, about.kernel[0] != '\0' ? " while it ran " : "; it reached ");
  }
  append(text, size, about.kernel[0] != '\0' ? about.kernel : "the runner");
  append(text, size, " on rank ");
  append(text, size, about.rank);
  append(text, size, " (");
  append(text, size, host);
  if (about.signal == 0) {
    append(text, size, ") called exit(");
    append(text, size, about.exit_status);
    append(text, size, "), which ends its runner and with it the run: a kernel must return or throw");
    return;
  }
  append(text, size, ")");
  if (told_to_end) return;
  append(text, size, " died of signal ");
  append_signal(text, size, about.signal);
  append(text, size, ", which ends the run");
}

// In a program of its own, a crash outside a kernel is the user's own affair.
void tell(int signal, int exit_status, bool from_outside) {
  if (known.in_thread && known.kernel.load() == nullptr) return;
  Obituary about;
  about.rank = known.rank;
  about.signal = signal;
  about.exit_status = exit_status;
  about.from_outside = from_outside;
  if (const char* kernel = known.kernel.load()) append(about.kernel, sizeof about.kernel, kernel);
  if (known.door >= 0 && ::send(known.door, &about, sizeof about, MSG_NOSIGNAL) == sizeof about) return;
  if (is_farewell(signal)) return;  // the launcher ends everybody, and says why itself
  char text[600] = "gluster: ";
  compose(about, known.host, text, sizeof text);
  append(text, sizeof text, "\n");
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

void on_signal(int signal, siginfo_t* info, void*) {
  if (::getpid() == known.process) {
    Output::drain();
    tell(signal, 0, info->si_code <= 0 && info->si_pid != ::getpid());
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // delivered when this handler returns
}

// exit() inside a kernel: nothing that follows it would work, since MPI would be left in the middle of things.
void on_exit(int status, void*) {
  if (!known.listening.load() || known.kernel.load() == nullptr || ::getpid() != known.process) return;
  if (known.in_thread && ::pthread_equal(::pthread_self(), known.thread) == 0) return;
  std::fflush(nullptr);
  Output::drain();
  tell(0, status, false);
  ::_exit(EXIT_FAILURE);  // its own means something else to who started this
}

}  // namespace

std::string Obituary::text(const std::string& host) const {
  char text[600] = "";
  compose(*this, host.c_str(), text, sizeof text);
  return text;
}

LastWords::LastWords(int rank, const std::string& host, const std::string& door, bool in_thread) {
  known.process = ::getpid();
  known.rank = rank;
  known.in_thread = in_thread;
  known.thread = ::pthread_self();
  std::snprintf(known.host, sizeof known.host, "%s", host.c_str());
  known.door = connect_to(door);
  stack_t stack{};  // a kernel may have used up its own
  stack.ss_sp = known.stack;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  for (std::size_t signal = 1; signal < kSignals; ++signal) {
    int number = static_cast<int>(signal);
    struct sigaction& before = known.before[signal];
    if (!is_fatal(number) || ::sigaction(number, nullptr, &before) != 0) continue;
    bool is_free = (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_DFL;
    known.caught[signal] = (is_free || is_crash(number)) && ::sigaction(number, &action, nullptr) == 0;
  }
  static const int registered = ::on_exit(on_exit, nullptr);
  (void)registered;
  known.listening.store(true);
}

LastWords::~LastWords() {
  known.listening.store(false);
  for (std::size_t signal = 1; signal < kSignals; ++signal)
    if (known.caught[signal]) ::sigaction(static_cast<int>(signal), &known.before[signal], nullptr);
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  if (known.door >= 0) ::close(known.door);
}

// Read on the same thread, in a handler.
void LastWords::begins(const char* kernel) noexcept { known.kernel.store(kernel, std::memory_order_relaxed); }
void LastWords::ended() noexcept { known.kernel.store(nullptr, std::memory_order_relaxed); }

}  // namespace gluster::entry
