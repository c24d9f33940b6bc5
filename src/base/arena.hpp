#pragma once
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>

namespace gluster::base {

// Gives out parts of a range of offsets. The lowest that is large enough goes first: what was used before is used again before anything new is touched.
class Arena {
 public:
  static constexpr std::size_t kUnit = 4096;  // a page: parts share none

  explicit Arena(std::size_t bytes) {
    if (bytes >= kUnit) free_.emplace(0, bytes / kUnit * kUnit);
  }

  // Empty: there is no room for so many bytes in a row.
  std::optional<std::size_t> take(std::size_t bytes) {
    std::size_t size = rounded(bytes);
    for (auto at = free_.begin(); at != free_.end(); ++at) {
      if (size < bytes || at->second < size) continue;
      auto [offset, had] = *at;
      free_.erase(at);
      if (had > size) free_.emplace(offset + size, had - size);
      return offset;
    }
    return std::nullopt;
  }

  // The same from the other end: the highest.
  std::optional<std::size_t> take_last(std::size_t bytes) {
    std::size_t size = rounded(bytes);
    for (auto at = free_.rbegin(); at != free_.rend(); ++at) {
      if (size < bytes || at->second < size) continue;
      at->second -= size;
      std::size_t offset = at->first + at->second;
      if (at->second == 0) free_.erase(at->first);
      return offset;
    }
    return std::nullopt;
  }

  // What these gave for so many bytes.
  void give(std::size_t offset, std::size_t bytes) {
    auto at = free_.emplace(offset, rounded(bytes)).first;
    if (auto next = std::next(at); next != free_.end() && at->first + at->second == next->first) {
      at->second += next->second;
      free_.erase(next);
    }
    if (at == free_.begin()) return;
    auto before = std::prev(at);
    if (before->first + before->second != at->first) return;
    before->second += at->second;
    free_.erase(at);
  }

 private:
  static std::size_t rounded(std::size_t bytes) { return bytes == 0 ? kUnit : (bytes + kUnit - 1) / kUnit * kUnit; }

  std::map<std::size_t, std::size_t> free_;  // offset -> bytes; neighbours are one
};

}  // namespace gluster::base
