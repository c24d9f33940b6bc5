#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gluster/bytes.hpp>

namespace gluster {

/// A large block that travels by itself. Borrowed: it must hold still until the frame has been sent.
struct Segment {
  const void* data;
  std::size_t bytes;
};

/// A block of this size or more is a segment, a smaller one stays in the body: both ends know that without a word.
inline constexpr std::size_t kSegmentBytes = 2048;

/// Writes one frame. Not thread-safe. What it borrows must hold still until the frame has been sent.
class Encoder {
 public:
  Bytes body;
  std::vector<Segment> segments;
  std::vector<std::shared_ptr<const void>> kept;  ///< what some segments lie in

  void clear() noexcept {
    body.clear();
    segments.clear();
    kept.clear();
  }

  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(body.extend(sizeof value), &value, sizeof value);
  }

  /// Writes again what was `put` at `at`.
  template <class T>
  void set(std::size_t at, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(body.at(at), &value, sizeof value);
  }

  /// A length: one byte where that is enough.
  void length(std::uint64_t length) {
    if (length < 255) return put(static_cast<std::uint8_t>(length));
    put(std::uint8_t{255});
    put(length);
  }

  /// A text that stays in the body, whatever its length.
  void text(std::string_view text) {
    length(text.size());
    body.append(text.data(), text.size());
  }

  /// A contiguous block: a segment when large, else a copy in the body, aligned for its type.
  void block(const void* data, std::size_t bytes, std::size_t alignment) {
    if (bytes >= kSegmentBytes) return void(segments.push_back({data, bytes}));
    if (bytes == 0) return;
    align(alignment);
    body.append(data, bytes);
  }

  /// A sequence's elements, of `size` bytes each and aligned to that, in bytes that nobody else owns.
  void owned(Bytes&& bytes, std::size_t size = 1) {
    length(bytes.size() / size);
    if (bytes.size() < kSegmentBytes) return block(bytes.data(), bytes.size(), size);
    auto holder = std::make_shared<const Bytes>(std::move(bytes));
    block(holder->data(), holder->size(), size);
    kept.push_back(std::move(holder));
  }

  /// A place to go back to.
  struct Mark {
    std::size_t body, segments, kept;
  };
  Mark mark() const noexcept { return {body.size(), segments.size(), kept.size()}; }
  /// Forgets what came after it.
  void rewind(const Mark& mark) {
    body.shrink(mark.body);
    segments.resize(mark.segments);
    kept.resize(mark.kept);
  }

  /// Ends the body with the segments' sizes; nothing is added after it.
  void close() {
    if (segments.empty()) return;
    align(sizeof(std::uint64_t));
    for (const Segment& segment : segments) put(static_cast<std::uint64_t>(segment.bytes));
  }

  void align(std::size_t alignment) {
    std::size_t pad = (alignment - body.size() % alignment) % alignment;
    if (pad != 0) std::memset(body.extend(pad), 0, pad);
  }
};

}  // namespace gluster
