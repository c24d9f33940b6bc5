#pragma once
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>

#include <gluster/block.hpp>
#include <gluster/encoder.hpp>
#include <gluster/error.hpp>
#include <gluster/operand.hpp>

namespace gluster {

/// Where a segment is to be received. Owned by the object that is being decoded.
struct Place {
  void* data;  ///< null: it is read where it lies already
  std::size_t bytes;
};

/// Reads one frame. Every length is checked before anything is sized by it: a malformed frame is a DataError.
///
/// Must live, and the body with it, for as long as what it decoded is in use: spans and string_views lie in it.
class Decoder {
 public:
  Decoder() = default;
  Decoder(std::span<const std::byte> body, std::size_t segments) { start(body, segments); }
  Decoder(const Decoder&) = delete;

  /// Begins a frame: `body` is what Encoder::close left, aligned to 16 bytes, with the sizes of `segments` segments at its end. Lets go of
  /// what it decoded before. Throws DataError.
  void start(std::span<const std::byte> body, std::size_t segments) {
    clear();
    if (segments > body.size() / sizeof(std::uint64_t)) malformed("more segments than its body has sizes for");
    body_ = body.first(body.size() - segments * sizeof(std::uint64_t));
    if (segments == 0) return;
    sizes_.resize(segments);
    std::memcpy(sizes_.data(), body_.data() + body_.size(), segments * sizeof(std::uint64_t));
  }
  void clear() noexcept {
    places.clear();
    sizes_.clear();
    blocks_.clear();
    later_.clear();
    body_ = {};
    at_ = 0;
    kinds_ = {};
    operands_ = nullptr;
    here_ = {};
  }

  /// After start(): the frame's segments are in this process, and hold still until clear(). What is viewed is viewed there.
  void segments_lie(std::span<const Segment> here) noexcept { here_ = here; }

  /// Reads the kinds of the `count` arguments that follow; `operands` has what they name, and outlives this.
  void arguments(std::size_t count, Operands* operands) {
    const std::byte* kinds = take(count);
    kinds_ = {reinterpret_cast<const ArgumentKind*>(kinds), count};
    operands_ = operands;
    next_kind_ = 0;
  }
  /// The next call's arguments are of the same kinds.
  void begin_arguments() noexcept { next_kind_ = 0; }
  ArgumentKind next_kind() noexcept { return next_kind_ < kinds_.size() ? kinds_[next_kind_++] : ArgumentKind::value; }
  std::span<const ArgumentKind> kinds() const noexcept { return kinds_; }
  Operands* operands_if_any() const noexcept { return operands_; }
  Operands& operands() const {
    if (operands_ == nullptr) malformed("a name for data where there are none");
    return *operands_;
  }

  std::vector<Place> places;  ///< of the segments so far

  const std::vector<std::uint64_t>& sizes() const noexcept { return sizes_; }
  std::uint64_t segment_bytes() const noexcept { return std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0}); }

  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  void skip(std::size_t bytes) { take(bytes); }

  /// All of the body that has not been read.
  std::span<const std::byte> take_rest() {
    std::size_t bytes = rest();
    return {take(bytes), bytes};
  }

  /// A sequence's length; its elements take `least` bytes or more of the body each.
  std::size_t length(std::size_t least) {
    std::uint64_t length = get<std::uint8_t>();
    if (length == 255) length = get<std::uint64_t>();
    if (least != 0 && length > rest() / least) malformed("a length beyond its end");
    return length;
  }

  /// The length in elements of `size` bytes of the block that follows, which is there in full or as a segment.
  std::size_t block_length(std::size_t size) {
    std::uint64_t count = length(0);
    if (count > std::numeric_limits<std::uint64_t>::max() / size) malformed("a length beyond reason");
    expect_block(count * size);
    return count;
  }

  /// A text that stays in the body, whatever its length. Lies there.
  std::string_view text() {
    const std::size_t bytes = length(1);
    return {reinterpret_cast<const char*>(take(bytes)), bytes};
  }

  /// A block of so many bytes is there, in full or as a segment.
  void expect_block(std::size_t bytes) const {
    if (bytes < kSegmentBytes ? bytes > rest() : next_segment() != bytes) malformed("a block that is not there");
  }

  /// The block whose length was just read, to `into`: now, or when its segment arrives.
  void block(void* into, std::size_t bytes, std::size_t alignment) {
    if (bytes >= kSegmentBytes) return void(places.push_back({into, bytes}));
    if (bytes != 0) std::memcpy(into, aligned(bytes, alignment), bytes);
  }

  /// The same, read in place: in the body, in a block that this Decoder owns, or where its segment lies.
  const void* view(std::size_t bytes, std::size_t alignment) {
    if (bytes == 0) return nullptr;
    if (bytes < kSegmentBytes) return aligned(bytes, alignment);
    if (places.size() < here_.size() && reinterpret_cast<std::uintptr_t>(here_[places.size()].data) % alignment == 0) {
      const void* data = here_[places.size()].data;
      places.push_back({nullptr, bytes});
      return data;
    }
    std::byte* data = blocks_.emplace_back(bytes + kLead).data() + kLead;
    places.push_back({data, bytes});
    return data;
  }

  /// Runs at `finish`, in order.
  void later(std::function<void()> what) { later_.push_back(std::move(what)); }

  bool is_unfinished() const noexcept { return !later_.empty(); }

  /// When all segments have arrived. Throws what reading them throws.
  void finish() {
    for (auto& what : std::exchange(later_, {})) what();
  }

  /// When the body has been read. Throws DataError when something is left.
  void expect_end() {
    std::size_t pad = sizes_.empty() ? 0 : sizeof(std::uint64_t) - 1;
    if (rest() > pad || places.size() != sizes_.size()) malformed("more than was expected");
  }

  [[noreturn]] static void malformed(const char* what) { throw DataError(std::string("malformed frame: it has ") + what); }

 private:
  // Large blocks that malloc gives begin 16 bytes into a page; the kernel copies between processes half as fast again when both sides lie
  // alike in their cache lines (7.3 against 4.9 GB/s).
  static constexpr std::size_t kLead = 16;

  std::size_t rest() const { return body_.size() - at_; }
  std::uint64_t next_segment() const {
    if (places.size() >= sizes_.size()) malformed("fewer segments than its body names");
    return sizes_[places.size()];
  }
  const std::byte* take(std::size_t bytes) {
    if (bytes > rest()) malformed("an early end");
    return body_.data() + std::exchange(at_, at_ + bytes);
  }
  const std::byte* aligned(std::size_t bytes, std::size_t alignment) {
    take((alignment - at_ % alignment) % alignment);
    return take(bytes);
  }

  std::span<const std::byte> body_;
  std::size_t at_ = 0;
  std::vector<std::uint64_t> sizes_;
  std::span<const Segment> here_;
  std::vector<Block<std::byte>> blocks_;
  std::vector<std::function<void()>> later_;
  std::span<const ArgumentKind> kinds_;
  std::size_t next_kind_ = 0;
  Operands* operands_ = nullptr;
};

}  // namespace gluster
