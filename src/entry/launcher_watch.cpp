#include "entry/launcher_watch.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace gluster::entry {

LauncherWatch::LauncherWatch(int process, std::function<void()> gone) {
  if (process > 0) process_ = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (process_ < 0) return;
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this, gone = std::move(gone)] {
    pthread_setname_np(pthread_self(), "gluster-watch");
    pollfd watched[] = {{process_, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (::poll(watched, 2, -1) < 0) continue;  // a signal
    if (watched[1].revents == 0) gone();
  });
}

LauncherWatch::~LauncherWatch() {
  if (!thread_.joinable()) return;
  std::uint64_t one = 1;
  if (::write(stop_, &one, sizeof one) > 0) thread_.join();
  ::close(stop_);
  ::close(process_);
}

}  // namespace gluster::entry
