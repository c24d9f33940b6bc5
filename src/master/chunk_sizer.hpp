#pragma once
#include <algorithm>
#include <cstdint>

namespace gluster::master {

// How many items of a map travel together: as many as take about a millisecond, so that what a message costs is little beside it; fewer near the end, so that
// all workers end together (guided self-scheduling, Polychronopoulos and Kuck 1987).
class ChunkSizer {
 public:
  // `given`: by the user; 0: measured.
  explicit ChunkSizer(std::int64_t given) : given_(given) {}

  // `remaining` items: -1 when nobody knows.
  std::int64_t next(std::int64_t remaining, int workers) const {
    if (given_ > 0) return given_;
    std::int64_t size = largest_;
    if (item_nanoseconds_ > 0) size = std::min(size, static_cast<std::int64_t>(kChunkNanoseconds / item_nanoseconds_));
    if (item_bytes_ > 0) size = std::min(size, static_cast<std::int64_t>(kChunkBytes / item_bytes_));
    if (remaining >= 0) size = std::min(size, remaining / shares(workers));
    return std::clamp(size, std::int64_t{1}, kMost);
  }
  // Into so many the rest is divided.
  static std::uint32_t shares(int workers) { return static_cast<std::uint32_t>(kShares * std::max(workers, 1)); }
  // A chunk of `items` took so long in its kernel and so many bytes to and fro.
  void ended(std::int64_t items, std::int64_t nanoseconds, std::uint64_t bytes) {
    // Dearer items are believed at once, cheaper ones by and by: a chunk that is too small costs little.
    auto note = [&](double& kept, double all) {
      double seen = all / static_cast<double>(items);
      kept = std::max(seen, kept + kTrust * (seen - kept));
    };
    note(item_nanoseconds_, static_cast<double>(std::max<std::int64_t>(nanoseconds, 1)));
    note(item_bytes_, static_cast<double>(bytes));
    largest_ = std::max(largest_, std::min(kGrowth * items, kMost));  // no further than what was seen tells
  }
  // One took far too long: among cheap items are dear ones, perhaps next to one another.
  void was_cut() { largest_ = 1; }

 private:
  static constexpr double kChunkNanoseconds = 1e6;
  static constexpr double kChunkBytes = 1 << 20;
  static constexpr double kTrust = 0.4;
  static constexpr int kShares = 4;
  static constexpr std::int64_t kGrowth = 8;
  static constexpr std::int64_t kMost = std::int64_t{1} << 16;

  std::int64_t given_;
  std::int64_t largest_ = 1;
  double item_nanoseconds_ = 0;
  double item_bytes_ = 0;
};

}  // namespace gluster::master
