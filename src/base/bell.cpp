#include "base/bell.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <ctime>

namespace gluster::base {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

void Bell::wait(std::uint32_t before, std::chrono::microseconds most) noexcept {
  timespec limit{};
  limit.tv_sec = most.count() / 1'000'000;
  limit.tv_nsec = most.count() % 1'000'000 * 1000;
  ::syscall(SYS_futex, &rings_, FUTEX_WAIT, before, &limit, nullptr, 0);  // not private: others may be in another process
}

void Bell::wake() noexcept {
  rings_.fetch_add(1);
  ::syscall(SYS_futex, &rings_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace gluster::base
