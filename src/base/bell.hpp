#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

namespace gluster::base {

// Wakes whoever sleeps until something comes, in this process or in another that maps the same memory.
//
// An event count on a futex (Vyukov's idea): whoever brings something stores it with seq_cst and then rings; whoever sleeps says so first, and then looks
// once more. So one of the two sees the other. To ring costs the look at one cache line while nobody sleeps.
class Bell {
 public:
  // Until a ring, at most for so long; not at all when `has_come()`.
  template <class F>
  void sleep(std::chrono::microseconds most, F&& has_come) {
    sleepers_.fetch_add(1);
    std::uint32_t before = rings_.load();
    if (!has_come()) wait(before, most);
    sleepers_.fetch_sub(1);
  }
  void ring() noexcept {
    if (sleepers_.load() != 0) wake();
  }

 private:
  void wait(std::uint32_t before, std::chrono::microseconds most) noexcept;
  void wake() noexcept;

  alignas(64) std::atomic<std::uint32_t> rings_ = 0;
  std::atomic<std::uint32_t> sleepers_ = 0;
};

}  // namespace gluster::base
