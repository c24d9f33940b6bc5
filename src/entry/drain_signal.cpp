#include "entry/drain_signal.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace gluster::entry {
namespace {

constexpr std::uint64_t kSignal = 1, kEnd = 1 << 20;

// Where on_signal writes: a handler has nothing else.
std::atomic<int> wakes = -1;

void on_signal(int) {
  if (::write(wakes.load(), &kSignal, sizeof kSignal) < 0) return;
}

// What launchers leave to their ranks may also be that nobody listens.
bool is_free() {
  struct sigaction now {};
  return ::sigaction(SIGUSR1, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN);
}

}  // namespace

DrainSignal::DrainSignal(std::function<void()> what) : wake_(::eventfd(0, EFD_CLOEXEC)), what_(std::move(what)) {
  if (wake_ < 0) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "gluster-drain");
    for (std::uint64_t came = 0; ::read(wake_, &came, sizeof came) == sizeof came && came < kEnd;)
      if (what_) try {
          std::exchange(what_, nullptr)();
        } catch (const std::exception& error) {
          base::log().error("the run cannot be ended in order: {}", error.what());
        }
  });
  if (!is_free()) return;
  wakes.store(wake_);
  ::signal(SIGUSR1, on_signal);
}

DrainSignal::~DrainSignal() {
  if (wake_ < 0) return;
  if (wakes.exchange(-1) == wake_) ::signal(SIGUSR1, SIG_IGN);  // one that comes late ends nothing
  if (::write(wake_, &kEnd, sizeof kEnd) > 0) thread_.join();
  ::close(wake_);
}

void ignore_drain_signal() {
  if (is_free()) ::signal(SIGUSR1, SIG_IGN);
}

}  // namespace gluster::entry
