#include "entry/sentry.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>

#include <fmt/format.h>

namespace gluster::entry {
namespace {

constexpr int kGatherMilliseconds = 200;  // evidence of one death comes by several ways
constexpr std::chrono::seconds kLaunchersTurn{2};

// Where on_sigterm writes: a handler has nothing else.
std::atomic<int> sigterm_wakes = -1;
std::atomic<bool> sigterm_came = false;

void on_sigterm(int) {
  sigterm_came.store(true);
  std::uint64_t one = 1;
  if (::write(sigterm_wakes.load(), &one, sizeof one) < 0) return;
}

// How a process ended, while its parent has not asked for it yet: as wait() tells it.
std::optional<int> end_of(int process) {
  char buffer[4096];
  int file = ::open(fmt::format("/proc/{}/stat", process).c_str(), O_RDONLY | O_CLOEXEC);
  ssize_t size = file < 0 ? -1 : ::read(file, buffer, sizeof buffer);  // fails when the parent asks just now
  if (file >= 0) ::close(file);
  if (size <= 0) return std::nullopt;
  std::string text(buffer, static_cast<std::size_t>(size));
  std::size_t last = text.find_last_of(' ');  // the 52nd field, exit_code
  if (last == std::string::npos || text.find(") Z ") == std::string::npos) return std::nullopt;
  return std::atoi(text.c_str() + last);
}

int open_door(const std::string& name) {
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (socket >= 0 && ::bind(socket, reinterpret_cast<sockaddr*>(&address), length) == 0) return socket;
  if (socket >= 0) ::close(socket);
  return -1;
}

}  // namespace

struct Sentry::Death {
  bool known = false;
  bool told = false;     // by the runner itself
  bool guessed = false;  // nobody said how it ended
  Obituary about;
};

Sentry::Sentry() : name_(fmt::format("gluster-{}-{:x}", ::getpid(), std::random_device()())), socket_(open_door(name_)) {
  if (socket_ < 0) name_.clear();
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

Sentry::~Sentry() {
  stop();
  for (int descriptor : processes_)
    if (descriptor >= 0) ::close(descriptor);
  if (socket_ >= 0) ::close(socket_);
  ::close(wake_);
}

void Sentry::watch(std::vector<Ward> wards, Parts parts) {
  wards_ = std::move(wards);
  parts_ = std::move(parts);
  for (const Ward& ward : wards_) processes_.push_back(ward.host == parts_.host ? static_cast<int>(::syscall(SYS_pidfd_open, ward.pid, 0)) : -1);
  sigterm_wakes.store(wake_);
  stopping_.store(false);
  struct sigaction before {};
  if (::sigaction(SIGTERM, nullptr, &before) == 0 && before.sa_handler == SIG_DFL) ::signal(SIGTERM, on_sigterm);
  thread_ = std::thread([this] { run(); });
}

void Sentry::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  std::uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) > 0) thread_.join();
  struct sigaction now {};
  if (::sigaction(SIGTERM, nullptr, &now) == 0 && now.sa_handler == on_sigterm) ::signal(SIGTERM, SIG_DFL);
}

// Waits for news; true when somebody died. What a runner said of itself goes before what was only seen.
bool Sentry::look(int patience_ms, Death& first) {
  std::vector<pollfd> watched = {{wake_, POLLIN, 0}, {socket_, POLLIN, 0}};
  for (int process : processes_) watched.push_back({process, POLLIN, 0});
  if (::poll(watched.data(), watched.size(), patience_ms) <= 0) return false;
  Obituary about;
  while (!first.told && ::recv(socket_, &about, sizeof about, 0) == sizeof about) first = {true, true, false, about};
  for (std::size_t i = 0; i < wards_.size() && !first.known; ++i) {
    if (watched[i + 2].revents == 0) continue;
    std::optional<int> end = end_of(wards_[i].pid);
    first.known = true;
    first.about.rank = wards_[i].rank;
    first.about.signal = end ? *end & 0x7f : SIGKILL;  // anything else it would have told
    first.about.exit_status = end ? *end >> 8 : 0;
    first.guessed = !end;
  }
  return first.known;
}

void Sentry::run() {
  pthread_setname_np(pthread_self(), "gluster-sentry");
  Death death;
  while (!look(-1, death) && !stopping_.load() && !sigterm_came.load()) continue;
  if (stopping_.load()) return;
  if (!death.told) look(kGatherMilliseconds, death);
  if (stopping_.load()) return;  // it ended in good order
  if (death.known) report(death);
  else report_termination();
}

void Sentry::report(const Death& death) {
  Obituary about = death.about;
  std::string host = parts_.host;
  for (const Ward& ward : wards_)
    if (ward.rank == about.rank) host = ward.host;
  if (!death.told) std::snprintf(about.kernel, sizeof about.kernel, "%s", parts_.running_at(about.rank).c_str());
  std::string text = about.text(host);
  if (death.guessed) text += "; or of another that it could not tell of, or it called _exit";
  fmt::print(stderr, "gluster: {}\n", text);
  std::fflush(nullptr);
  // A launcher that ends everybody by itself says so in fewer words than MPI_Abort.
  ::signal(SIGTERM, SIG_DFL);
  if (sigterm_came.load()) ::kill(::getpid(), SIGTERM);
  std::this_thread::sleep_for(kLaunchersTurn);
  parts_.end_run(about.signal != 0 ? 128 + about.signal : EXIT_FAILURE);
}

// The launcher, or a person, ends the run.
void Sentry::report_termination() {
  std::string running;
  for (const Ward& ward : wards_)
    if (std::string kernel = parts_.running_at(ward.rank); !kernel.empty())
      running += fmt::format("{}{} on rank {} ({})", running.empty() ? " while it ran " : ", ", kernel, ward.rank, ward.host);
  fmt::print(stderr, "gluster: the master was told to end (SIGTERM){}; when a runner died, the launcher says which\n", running);
  std::fflush(nullptr);
  ::signal(SIGTERM, SIG_DFL);
  ::kill(::getpid(), SIGTERM);
}

}  // namespace gluster::entry
