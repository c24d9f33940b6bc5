#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gluster::wire {

// What a runner tells of itself while it works. One thread writes; whoever sees the memory reads, also another process, and never disturbs it. All zeros at first.
//
// A sequence lock: odd while something changes. Each store releases and each load acquires, so who read part of a change sees that the count has moved.
class alignas(64) Counters {
 public:
  static constexpr std::size_t kLongestName = 127;

  struct Seen {
    std::string kernel;  // that runs; empty: none
    std::uint64_t calls_done = 0;
    std::int64_t busy = 0;  // nanoseconds in kernels, the running one included
    std::uint64_t bytes_in = 0, bytes_out = 0;
  };

  // A call begins. `name`: its kernel's, empty when that is the last call's; `now`: nanoseconds of the steady clock, 0 when it ends before anybody could look.
  void begin(std::string_view name, std::int64_t now) noexcept {
    Change change(sequence_);
    if (!name.empty()) put(name);
    set(runs_, true);
    set(since_, now);
  }
  // It has ended, and stood for so many; it took `compute` nanoseconds.
  void end(std::uint64_t calls, std::int64_t compute, std::uint64_t bytes_in, std::uint64_t bytes_out) noexcept {
    Change change(sequence_);
    set(runs_, false);
    add(calls_done_, calls);
    add(busy_, compute);
    add(bytes_in_, bytes_in);
    add(bytes_out_, bytes_out);
  }

  // Any thread of any process. `now`: of the same host's clock.
  Seen look(std::int64_t now) const {
    for (;;) {
      std::uint64_t before = sequence_.load(std::memory_order_acquire);
      if (before % 2 != 0) continue;
      bool runs = get(runs_);
      std::int64_t since = get(since_);
      Seen seen{runs ? name() : "", get(calls_done_), get(busy_), get(bytes_in_), get(bytes_out_)};
      if (sequence_.load(std::memory_order_relaxed) != before) continue;
      if (runs && since != 0) seen.busy += now - since;
      return seen;
    }
  }

 private:
  struct Change {
    explicit Change(std::atomic<std::uint64_t>& sequence) : sequence_(sequence), before_(sequence.load(std::memory_order_relaxed)) {
      sequence_.store(before_ + 1, std::memory_order_relaxed);
    }
    ~Change() { sequence_.store(before_ + 2, std::memory_order_release); }
    std::atomic<std::uint64_t>& sequence_;
    std::uint64_t before_;
  };
  template <class T>
  static void set(std::atomic<T>& field, T value) noexcept {
    field.store(value, std::memory_order_release);
  }
  template <class T>
  static void add(std::atomic<T>& field, T more) noexcept {
    set(field, field.load(std::memory_order_relaxed) + more);
  }
  template <class T>
  static T get(const std::atomic<T>& field) noexcept {
    return field.load(std::memory_order_acquire);
  }

  void put(std::string_view name) noexcept {
    std::array<std::uint64_t, kWords> words{};
    std::memcpy(words.data(), name.data(), std::min(name.size(), kLongestName));
    for (std::size_t i = 0; i < kWords; ++i) set(name_[i], words[i]);
  }
  std::string name() const {
    std::array<std::uint64_t, kWords> words;
    for (std::size_t i = 0; i < kWords; ++i) words[i] = get(name_[i]);
    const char* first = reinterpret_cast<const char*>(words.data());
    return {first, ::strnlen(first, kLongestName)};
  }

  static constexpr std::size_t kWords = (kLongestName + 1) / sizeof(std::uint64_t);

  std::atomic<std::uint64_t> sequence_ = 0;
  std::atomic<bool> runs_ = false;
  std::atomic<std::int64_t> since_ = 0, busy_ = 0;
  std::atomic<std::uint64_t> calls_done_ = 0, bytes_in_ = 0, bytes_out_ = 0;
  std::array<std::atomic<std::uint64_t>, kWords> name_{};
};

}  // namespace gluster::wire
