#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gluster/block.hpp>
#include <gluster/codec.hpp>
#include <gluster/signature.hpp>

namespace gluster {

/// A map that a kernel returned, read where it came: its entries one after another, in no order that means anything.
///
/// For what adds a map up and keeps no map of its own: `run<Entries<std::string_view, std::int64_t>>` of a kernel that returns `std::map<std::string, std::int64_t>`
/// or an `unordered_map`. Nothing is made, looked up and freed again but what the caller makes.
///
///     for (auto [word, times] : job.get()) all[std::string(word)] += times;       // sound: the range lives as long as the loop
///
/// K and V are arithmetic types or std::string_view, which looks into the Entries and lives as long. Move-only. Not thread-safe.
template <class K, class V>
class Entries {
  template <class T>
  static constexpr bool kReadsInPlace = std::is_arithmetic_v<T> || std::is_same_v<T, std::string_view>;
  static_assert(kReadsInPlace<K> && kReadsInPlace<V>, "gluster::Entries<K, V>: of arithmetic types and std::string_view");

 public:
  using value_type = std::pair<K, V>;

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;  // what it points to lies in it
    using value_type = std::pair<K, V>;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    const value_type& operator*() const noexcept { return entry_; }
    const value_type* operator->() const noexcept { return &entry_; }
    Iterator& operator++() {
      if (--left_ != 0) read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(std::default_sentinel_t) const noexcept { return left_ == 0; }
    bool operator==(const Iterator& other) const noexcept { return left_ == other.left_; }

   private:
    friend Entries;
    Iterator(std::span<const std::byte> rest, std::uint64_t left) : rest_(rest), left_(left) {
      if (left_ != 0) read();
    }
    std::span<const std::byte> take(std::size_t bytes) {
      if (bytes > rest_.size()) Decoder::malformed("an early end inside a map");
      const auto taken = rest_.first(bytes);
      rest_ = rest_.subspan(bytes);
      return taken;
    }
    template <class T>
    T next() {
      if constexpr (std::is_same_v<T, std::string_view>) {
        const auto text = take(next<std::uint64_t>());
        return {reinterpret_cast<const char*>(text.data()), text.size()};
      } else {
        std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T> raw;  // any byte may come, but no bool is like it
        std::memcpy(&raw, take(sizeof raw).data(), sizeof raw);
        return static_cast<T>(raw);
      }
    }
    void read() {
      entry_.first = next<K>();
      entry_.second = next<V>();
    }

    std::span<const std::byte> rest_;
    std::uint64_t left_ = 0;  // with this one
    value_type entry_{};
  };

  std::size_t size() const noexcept {
    std::uint64_t size = 0;
    if (bytes_.size() >= sizeof size) std::memcpy(&size, bytes_.data(), sizeof size);
    return size;
  }
  bool empty() const noexcept { return size() == 0; }
  Iterator begin() const { return Iterator(std::span<const std::byte>(bytes_).subspan(bytes_.empty() ? 0 : sizeof(std::uint64_t)), size()); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend detail::Codec<Entries>;

  // Throws DataError where the bytes are no such map; after it nothing does.
  void check() const {
    if (bytes_.size() < sizeof(std::uint64_t)) Decoder::malformed("an early end inside a map");
    Iterator at = begin();
    while (at.left_ != 0) ++at;
    if (!at.rest_.empty()) Decoder::malformed("more bytes than the map takes");
  }

  Block<std::byte> bytes_;  // none, or as cereal writes a map: their number, then one after another
};

namespace detail {

template <class K, class V>
struct Describe<Entries<K, V>> : DescribeKeyed<K, V> {};

template <class K, class V>
constexpr bool kLooksElsewhere<Entries<K, V>> = false;  // but into itself

template <class K, class V>
struct Codec<Entries<K, V>> {
  static void encode(Encoder& out, const Entries<K, V>& value) {
    static constexpr std::uint64_t kNone = 0;
    const std::span<const std::byte> bytes = value.empty() ? std::as_bytes(std::span(&kNone, 1)) : std::span<const std::byte>(value.bytes_);
    Bytes copy;  // as a map's own form is: it may be gone when the frame leaves
    copy.append(bytes.data(), bytes.size());
    out.owned(std::move(copy));
  }
  static void decode(Decoder& in, Entries<K, V>& value) {
    const std::size_t bytes = in.block_length(1);
    value.bytes_ = Block<std::byte>(bytes);
    in.block(value.bytes_.data(), bytes, 1);
    in.later([&value] { value.check(); });
  }
};

}  // namespace detail
}  // namespace gluster
