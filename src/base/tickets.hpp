#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace gluster::base {

// Numbers that many draw and nobody twice: one word, which may lie where several processes see it. All zeros at first: nothing may be drawn.
//
// A limit stands beside the next number, and both change at once, so a draw never goes beyond what was allowed at that moment. Compare-and-swap and not MPI's
// atomics: whoever dies in the middle leaves the word whole. The sizes are guided self-scheduling's (Polychronopoulos and Kuck 1987).
class Tickets {
 public:
  struct Range {
    std::uint32_t first = 0, count = 0;
  };

  // At most `most` in a row, and no more than a part in `shares` of what may be drawn, but one if there is one.
  Range draw(std::uint32_t most, std::uint32_t shares) noexcept {
    std::uint64_t word = word_.load();
    for (;;) {
      std::uint32_t next = next_of(word), left = limit_of(word) - next;
      std::uint32_t count = std::min(left, std::max(std::min(most, left / std::max(shares, 1U)), 1U));
      if (count == 0 || word_.compare_exchange_weak(word, word_of(next + count, limit_of(word)))) return {next, count};
    }
  }
  // Numbers below `limit` may be drawn; it never sinks.
  void allow(std::uint32_t limit) noexcept {
    std::uint64_t word = word_.load();
    while (limit_of(word) < limit && !word_.compare_exchange_weak(word, word_of(next_of(word), limit))) continue;
  }
  // Nothing may be drawn any more, unless it is allowed again.
  void close() noexcept {
    std::uint64_t word = word_.load();
    while (!word_.compare_exchange_weak(word, word_of(next_of(word), next_of(word)))) continue;
  }
  // So many have been drawn.
  std::uint32_t drawn() const noexcept { return next_of(word_.load()); }

 private:
  static std::uint32_t next_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 32); }
  static std::uint32_t limit_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }
  static std::uint64_t word_of(std::uint32_t next, std::uint32_t limit) noexcept { return std::uint64_t{next} << 32 | limit; }

  std::atomic<std::uint64_t> word_ = 0;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace gluster::base
