#pragma once
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>

namespace gluster::master {

// Which of the numbers from 0 on have been seen; neighbours are one.
class Ranges {
 public:
  // [first, first + count), of which none has been seen.
  void add(std::size_t first, std::size_t count) {
    if (count == 0) return;
    size_ += count;
    auto next = all_.lower_bound(first);
    std::size_t end = first + count;
    if (next != all_.end() && next->first == end) {
      end = next->second;
      next = all_.erase(next);
    }
    if (next != all_.begin() && std::prev(next)->second == first) std::prev(next)->second = end;
    else all_.emplace(first, end);
  }
  // The lowest that has not been.
  std::size_t first_gap() const { return all_.empty() || all_.begin()->first != 0 ? 0 : all_.begin()->second; }
  // Where that gap ends, at `most` at the latest.
  std::size_t end_of_first_gap(std::size_t most) const {
    auto after = all_.empty() || all_.begin()->first != 0 ? all_.begin() : std::next(all_.begin());
    return after == all_.end() ? most : std::min(after->first, most);
  }
  std::size_t size() const noexcept { return size_; }

 private:
  std::map<std::size_t, std::size_t> all_;  // first -> end
  std::size_t size_ = 0;
};

}  // namespace gluster::master
