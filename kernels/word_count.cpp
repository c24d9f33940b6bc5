// How often each word occurs. A word is a maximal run of non-white-space, its case kept.
//
// Each thread counts its share in a table of its own, which only looks at the words; then the tables are added up by
// one thread, and only what differs is copied into strings. (Threads that share one map lose counts: the paper's do.)
#include "word_count.hpp"

#include <gluster/plugin.hpp>

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

// Open addressing with linear probing; words are looked at where they lie. Half full at most, so probes are short.
class Table {
 public:
  void add(std::string_view word) { add(word, std::hash<std::string_view>()(word), 1); }

  void add(const Table& other) {
    for (const Slot& slot : other.slots_) {
      if (slot.count != 0) add(slot.word, slot.hash, slot.count);
    }
  }

  Counts counts() const {
    Counts result;
    result.reserve(used_);
    for (const Slot& slot : slots_) {
      if (slot.count != 0) result.emplace(slot.word, slot.count);
    }
    return result;
  }

 private:
  struct Slot {
    std::string_view word;
    std::size_t hash = 0;
    std::int64_t count = 0;  // 0: free
  };

  void add(std::string_view word, std::size_t hash, std::int64_t times) {
    Slot& slot = find(word, hash);
    if (slot.count == 0) {
      slot = {word, hash, 0};
      ++used_;
    }
    slot.count += times;
    if (used_ > slots_.size() / 2) grow();
  }

  Slot& find(std::string_view word, std::size_t hash) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].count != 0 && (slots_[at].hash != hash || slots_[at].word != word)) at = (at + 1) & mask;
    return slots_[at];
  }

  void grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    for (const Slot& slot : before) {
      if (slot.count != 0) find(slot.word, slot.hash) = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // a power of two
  std::size_t used_ = 0;
};

// std::isspace of the C locale, without a call for each byte.
constexpr auto kIsSpace = [] {
  std::array<bool, 256> is_space{};
  for (const unsigned char c : {' ', '\t', '\n', '\v', '\f', '\r'}) is_space[c] = true;
  return is_space;
}();

bool is_space(char c) { return kIsSpace[static_cast<unsigned char>(c)]; }

// One thread's part of a text: the words that begin in [begin, end), whole even if they end behind it.
void count_words(Table& table, std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t at = begin;
  if (at > 0 && !is_space(text[at - 1])) {
    while (at < text.size() && !is_space(text[at])) ++at;
  }
  while (true) {
    while (at < end && is_space(text[at])) ++at;
    if (at >= end) return;
    const std::size_t first = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    table.add(text.substr(first, at - first));
  }
}

// Threads do not all get on alike: another process may have a core for a while.
constexpr std::size_t kSharesAThread = 16;

// Runs count_share(table, begin, end) over [0, size), in shares that are not smaller than `smallest`; adds the tables up.
template <class CountShare>
Counts count_in_shares(std::size_t size, std::size_t smallest, const CountShare& count_share) {
  const auto most = static_cast<std::size_t>(omp_get_max_threads());
  const std::size_t shares = std::clamp<std::size_t>(size / smallest, 1, kSharesAThread * most);
  std::vector<Table> tables(std::min(shares, most));
  std::exception_ptr error;
  const auto threads = static_cast<int>(tables.size());
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (std::size_t share = 0; share < shares; ++share) {
    // An exception that leaves an OpenMP region ends the process.
    try {
      count_share(tables[static_cast<std::size_t>(omp_get_thread_num())], size * share / shares, size * (share + 1) / shares);
    } catch (...) {
#pragma omp critical
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
  for (std::size_t thread = 1; thread < tables.size(); ++thread) tables[0].add(tables[thread]);
  return tables[0].counts();
}

}  // namespace

Counts count(const std::vector<std::string_view>& words) {
  return count_in_shares(words.size(), 4096, [&](Table& table, std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) table.add(words[at]);
  });
}

Counts count_text(std::string_view text) {
  return count_in_shares(text.size(), 32768, [&](Table& table, std::size_t begin, std::size_t end) { count_words(table, text, begin, end); });
}

GLUSTER_EXPORT(count)
GLUSTER_DOC(count, "How often each of the words occurs.", "words")

GLUSTER_EXPORT(count_text)
GLUSTER_DOC(count_text, "How often each word occurs in a text; a word is a maximal run of non-white-space.", "text")
