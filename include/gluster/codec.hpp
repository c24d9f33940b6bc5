#pragma once
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <numeric>
#include <stdexcept>

#include <cereal/types/array.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <gluster/block.hpp>
#include <gluster/error.hpp>
#include <gluster/signature.hpp>

/// Values to frames and back.
///
/// A frame is a *body* of small things in order and *segments*: large contiguous blocks that travel by themselves,
/// straight from where they lie to where they will be read. Encoding notes a segment's address and copies nothing.
/// Decoding has two halves: reading the body makes the objects and notes a *place* for each segment; when the segments
/// have arrived in their places, `finish` does what had to wait for them.
///
/// Only objects that hold still while they are read are filled in place: vector, string, array, Block, and pair, tuple
/// and optional of them. Whatever else there is (maps, sets, variants, structs) is one block of bytes, written and read by
/// cereal with archives that know no files.
namespace gluster {

/// A large block that travels by itself. Borrowed: it must hold still until the frame has been sent.
struct Segment {
  const void* data;
  std::size_t bytes;
};

/// Where a segment is to be received. Owned by the object that is being decoded.
struct Place {
  void* data;
  std::size_t bytes;
};

/// A block of this size or more is a segment, a smaller one stays in the body: both ends know that without a word.
inline constexpr std::size_t kSegmentBytes = 2048;

/// Bytes that grow, not zero-filled; the first few need no allocation.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept { *this = std::move(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    if (this == &other) return *this;
    if (data_ != first_) std::free(data_);
    data_ = other.data_ == other.first_ ? first_ : other.data_;
    if (data_ == first_) std::memcpy(first_, other.first_, other.size_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, sizeof first_);
    other.data_ = other.first_;
    return *this;
  }
  ~Bytes() {
    if (data_ != first_) std::free(data_);
  }

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  operator std::span<const std::byte>() const noexcept { return {data_, size_}; }
  void clear() noexcept { size_ = 0; }
  std::byte* at(std::size_t place) noexcept { return data_ + place; }

  /// `bytes` more, indeterminate; the address holds until the next call.
  std::byte* extend(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return data_ + std::exchange(size_, size_ + bytes);
  }
  void append(const void* data, std::size_t bytes) {
    if (bytes != 0) std::memcpy(extend(bytes), data, bytes);
  }

 private:
  void grow(std::size_t bytes) {
    if (bytes > std::numeric_limits<std::size_t>::max() / 4) throw std::bad_alloc();
    std::size_t capacity = std::max(2 * capacity_, size_ + bytes);
    void* larger = std::realloc(data_ == first_ ? nullptr : data_, capacity);
    if (larger == nullptr) throw std::bad_alloc();
    if (data_ == first_) std::memcpy(larger, first_, size_);
    data_ = static_cast<std::byte*>(larger);
    capacity_ = capacity;
  }

  std::byte* data_ = first_;
  std::size_t size_ = 0;
  std::size_t capacity_ = sizeof first_;
  alignas(16) std::byte first_[128];
};

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

  /// A block of so many bytes is there, in full or as a segment.
  void expect_block(std::size_t bytes) const {
    if (bytes < kSegmentBytes ? bytes > rest() : next_segment() != bytes) malformed("a block that is not there");
  }

  /// The block whose length was just read, to `into`: now, or when its segment arrives.
  void block(void* into, std::size_t bytes, std::size_t alignment) {
    if (bytes >= kSegmentBytes) return void(places.push_back({into, bytes}));
    if (bytes != 0) std::memcpy(into, aligned(bytes, alignment), bytes);
  }

  /// The same, read in place: in the body, or in a block that this Decoder owns.
  const void* view(std::size_t bytes, std::size_t alignment) {
    if (bytes == 0) return nullptr;
    if (bytes < kSegmentBytes) return aligned(bytes, alignment);
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

  [[noreturn]] static void malformed(const char* what) {
    throw DataError(std::string("malformed frame: it has ") + what);
  }

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
  std::vector<Block<std::byte>> blocks_;
  std::vector<std::function<void()>> later_;
};

namespace detail {

// --- cereal's side: whole values in one block of bytes --------------------------------------------------------------

class SaveArchive : public cereal::OutputArchive<SaveArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit SaveArchive(Bytes& out) : OutputArchive(this), out_(&out) {}
  void saveBinary(const void* data, std::size_t bytes) { out_->append(data, bytes); }

 private:
  Bytes* out_;
};

class LoadArchive : public cereal::InputArchive<LoadArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit LoadArchive(std::span<const std::byte> in) : InputArchive(this), in_(in) {}
  void loadBinary(void* data, std::size_t bytes) {
    if (bytes > in_.size()) Decoder::malformed("an early end inside a value");
    if (bytes != 0) std::memcpy(data, in_.data(), bytes);
    in_ = in_.subspan(bytes);
  }
  /// A container's size, before cereal sizes it. (Elements of no bytes at all, empty structs, are allowed for.)
  void check_size(std::uint64_t size) const {
    if (size > in_.size() + kEmptyElements) Decoder::malformed("a container larger than its bytes");
  }
  bool at_end() const { return in_.empty(); }

 private:
  static constexpr std::uint64_t kEmptyElements = 1 << 16;
  std::span<const std::byte> in_;
};

}  // namespace detail
}  // namespace gluster

// For what cereal serialises by `save_minimal`, as it does enums, both archives must be known to be of one kind.
CEREAL_SETUP_ARCHIVE_TRAITS(gluster::detail::LoadArchive, gluster::detail::SaveArchive)

namespace gluster {
namespace detail {

template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const T& value) {
  archive.saveBinary(&value, sizeof value);
}
template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, T& value) {
  std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T> raw;  // any byte may come, but no bool is like it
  archive.loadBinary(&raw, sizeof raw);
  value = static_cast<T>(raw);
}
template <class A, class T>
  requires std::is_same_v<A, SaveArchive> || std::is_same_v<A, LoadArchive>
void CEREAL_SERIALIZE_FUNCTION_NAME(A& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const cereal::SizeTag<T>& tag) {
  archive(static_cast<std::uint64_t>(tag.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, cereal::SizeTag<T>& tag) {
  std::uint64_t size;
  archive(size);
  archive.check_size(size);
  tag.size = static_cast<std::decay_t<decltype(tag.size)>>(size);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const cereal::BinaryData<T>& data) {
  archive.saveBinary(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, cereal::BinaryData<T>& data) {
  archive.loadBinary(data.data, static_cast<std::size_t>(data.size));
}

template <class T>
void load_whole(std::span<const std::byte> bytes, T& value) {
  LoadArchive archive(bytes);
  try {
    archive(value);
  } catch (const std::length_error&) {
    Decoder::malformed("a container beyond reason");
  } catch (const cereal::Exception& error) {
    throw DataError(std::string("malformed frame: ") + error.what());
  }
  if (!archive.at_end()) Decoder::malformed("more bytes than the value takes");
}

// --- which types are filled in place ------------------------------------------------------------------------------------

/// A block of these is copied as bytes.
template <class T>
constexpr bool kFlat = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
constexpr bool kFlat<std::complex<T>> = true;
template <class T, std::size_t N>
constexpr bool kFlat<std::array<T, N>> = kFlat<T> && N != 0;

/// True for what has cereal's form anywhere inside; a sequence of such is cereal's as a whole.
template <class T>
constexpr bool kHasWhole = !kFlat<T>;
template <>
inline constexpr bool kHasWhole<std::string> = false;
template <>
inline constexpr bool kHasWhole<std::string_view> = false;
template <>
inline constexpr bool kHasWhole<const char*> = false;
template <class T, class A>
constexpr bool kHasWhole<std::vector<T, A>> = kHasWhole<T>;
template <class T>
constexpr bool kHasWhole<std::span<T>> = kHasWhole<std::remove_const_t<T>>;
template <class T>
constexpr bool kHasWhole<Block<T>> = false;
template <class T, std::size_t N>
constexpr bool kHasWhole<std::array<T, N>> = kHasWhole<T>;
template <class T>
constexpr bool kHasWhole<std::optional<T>> = kHasWhole<T>;
template <class A, class B>
constexpr bool kHasWhole<std::pair<A, B>> = kHasWhole<A> || kHasWhole<B>;
template <class... T>
constexpr bool kHasWhole<std::tuple<T...>> = (kHasWhole<T> || ... || false);

/// True for what looks at memory of somebody else, anywhere inside.
template <class T>
constexpr bool kLooksElsewhere = std::is_pointer_v<T> || std::is_reference_v<T>;
template <class T, std::size_t N>
constexpr bool kLooksElsewhere<std::span<T, N>> = true;
template <class C, class R>
constexpr bool kLooksElsewhere<std::basic_string_view<C, R>> = true;
template <class T, std::size_t N>
constexpr bool kLooksElsewhere<std::array<T, N>> = kLooksElsewhere<T>;
template <template <class...> class Holder, class... T>
constexpr bool kLooksElsewhere<Holder<T...>> = (kLooksElsewhere<T> || ... || false);

/// A T to decode into.
template <class T>
T fresh() {
  if constexpr (std::is_default_constructible_v<T>) return T{};
  else return std::move(*std::unique_ptr<T>(cereal::access::construct<T>()));  // only cereal may make one
}

/// A value's form on the wire. `decode` fills a value that holds still until Decoder::finish.
template <class T>
struct Codec;

template <class T>
void encode(Encoder& out, const T& value) {
  Codec<std::remove_cv_t<T>>::encode(out, value);
}
template <class T>
void decode(Decoder& in, T& value) {
  Codec<std::remove_cv_t<T>>::decode(in, value);
}

template <class T>
struct WholeCodec {
  static_assert(cereal::traits::is_output_serializable<T, SaveArchive>::value &&
                    cereal::traits::is_input_serializable<T, LoadArchive>::value,
                "gluster: this type cannot travel: give it a cereal `serialize`, or include cereal's header for it");
  static void encode(Encoder& out, const T& value) {
    Bytes bytes;
    SaveArchive archive(bytes);
    archive(value);
    out.owned(std::move(bytes));
  }
  static void decode(Decoder& in, T& value) {
    std::size_t bytes = in.block_length(1);
    std::span<const std::byte> view(static_cast<const std::byte*>(in.view(bytes, 1)), bytes);
    in.later([view, &value] { load_whole(view, value); });  // a small one too: whoever decodes may hold the baton, and this runs the user's code
  }
};

template <class T>
struct FlatCodec {
  static void encode(Encoder& out, const T& value) { out.put(value); }
  static void decode(Decoder& in, T& value) {
    if constexpr (std::is_same_v<T, bool>) value = in.get<std::uint8_t>() != 0;
    else value = in.get<T>();
  }
};

template <class T>
struct Codec : std::conditional_t<kFlat<T>, FlatCodec<T>, WholeCodec<T>> {};

/// vector, string and Block of flat elements: one block, received where it will be read.
template <class Sequence>
struct BlockCodec {
  using Element = typename Sequence::value_type;
  static void encode(Encoder& out, const Sequence& value) {
    out.length(value.size());
    out.block(value.data(), value.size() * sizeof(Element), alignof(Element));
  }
  static void decode(Decoder& in, Sequence& value) {
    std::size_t count = in.block_length(sizeof(Element));
    if constexpr (requires { value.max_size(); })
      if (count > value.max_size()) throw std::bad_alloc();
    if constexpr (requires { value.reserve(count); }) {
      value.reserve(count);
      prefer_large_pages(value.data(), count * sizeof(Element));
      value.resize(count);
    } else {
      value = Sequence(count);
    }
    in.block(value.data(), count * sizeof(Element), alignof(Element));
  }
};

/// Read where they lie: in the frame's body, or in a block of the Decoder's.
template <class View>
struct ViewCodec {
  using Element = std::remove_const_t<std::remove_pointer_t<decltype(View().data())>>;
  static void encode(Encoder& out, const View& value) {
    out.length(value.size());
    out.block(value.data(), value.size() * sizeof(Element), alignof(Element));
  }
  static void decode(Decoder& in, View& value) {
    std::size_t count = in.block_length(sizeof(Element));
    value = View(static_cast<const Element*>(in.view(count * sizeof(Element), alignof(Element))), count);
  }
};

/// Elements that leave nothing on the wire.
template <class T>
constexpr bool kTakesNothing = false;
template <class T>
constexpr bool kTakesNothing<std::array<T, 0>> = true;

template <class Sequence>
struct EachCodec {  // a vector whose elements have a form of their own
  static void encode(Encoder& out, const Sequence& value) {
    out.length(value.size());
    for (const auto& element : value) detail::encode(out, element);
  }
  static void decode(Decoder& in, Sequence& value) {
    value.resize(in.length(kTakesNothing<typename Sequence::value_type> ? 0 : 1));
    for (auto& element : value) detail::decode(in, element);
  }
};

template <> struct Codec<std::string> : BlockCodec<std::string> {};
template <> struct Codec<std::string_view> : ViewCodec<std::string_view> {};
template <> struct Codec<const char*> {
  static void encode(Encoder& out, const char* value) { detail::encode(out, std::string_view(value)); }
};
template <class T> struct Codec<Block<T>> : BlockCodec<Block<T>> {
  static_assert(kFlat<T>, "gluster: a Block travels as bytes: of arithmetic types, enums, complex and arrays of these");
};
template <class T, class A>
struct Codec<std::vector<T, A>>
    : std::conditional_t<kFlat<T>, BlockCodec<std::vector<T, A>>,
                         std::conditional_t<kHasWhole<T>, WholeCodec<std::vector<T, A>>, EachCodec<std::vector<T, A>>>> {};
template <class A>
struct Codec<std::vector<bool, A>> {  // as bytes, like a span<const bool>
  static void encode(Encoder& out, const std::vector<bool, A>& value) {
    Bytes bytes;
    std::byte* at = bytes.extend(value.size());
    for (bool bit : value) *at++ = std::byte{bit};
    out.owned(std::move(bytes));
  }
  static void decode(Decoder& in, std::vector<bool, A>& value) {
    std::size_t count = in.block_length(1);
    const auto* bytes = static_cast<const std::uint8_t*>(in.view(count, 1));
    in.later([bytes, count, &value] { value.assign(bytes, bytes + count); });
  }
};
template <class T>
  requires kFlat<std::remove_const_t<T>>
struct Codec<std::span<T>> : ViewCodec<std::span<T>> {};
template <class T>
  requires(!kFlat<std::remove_const_t<T>>)
struct Codec<std::span<T>> {  // on the caller's side only: a kernel takes a vector
  using Elements = std::vector<std::remove_const_t<T>>;
  static void encode(Encoder& out, const std::span<T>& value) {
    if constexpr (kHasWhole<std::remove_const_t<T>>) detail::encode(out, Elements(value.begin(), value.end()));
    else EachCodec<std::span<T>>::encode(out, value);
  }
};
template <class T, std::size_t N>
  requires(!kFlat<std::array<T, N>>)
struct Codec<std::array<T, N>> {
  static void encode(Encoder& out, const std::array<T, N>& value) {
    for (const T& element : value) detail::encode(out, element);
  }
  static void decode(Decoder& in, std::array<T, N>& value) {
    for (T& element : value) detail::decode(in, element);
  }
};
/// Bytes that were received as bools become bools.
inline void make_bools(std::span<bool> values) {
  for (bool& value : values) {
    std::uint8_t raw;
    std::memcpy(&raw, &value, 1);
    value = raw != 0;
  }
}

template <class T, std::size_t N>
  requires kFlat<std::array<T, N>>
struct Codec<std::array<T, N>> {
  static void encode(Encoder& out, const std::array<T, N>& value) { out.block(value.data(), sizeof value, alignof(T)); }
  static void decode(Decoder& in, std::array<T, N>& value) {
    in.expect_block(sizeof value);
    in.block(value.data(), sizeof value, alignof(T));
    if constexpr (std::is_same_v<T, bool>) in.later([&value] { make_bools(value); });
  }
};
template <class T, std::size_t N>
struct Codec<T[N]> {  // on the caller's side only: a kernel takes a std::array
  static void encode(Encoder& out, const T (&value)[N]) {
    detail::encode(out, reinterpret_cast<const std::array<T, N>&>(value));
  }
};
template <class... T> struct Codec<std::tuple<T...>> {
  static void encode(Encoder& out, const std::tuple<T...>& value) {
    std::apply([&](const auto&... element) { (detail::encode(out, element), ...); }, value);
    if constexpr (sizeof...(T) == 0) out.put(std::uint8_t{0});  // a sequence's elements take a byte each, at least
  }
  static void decode(Decoder& in, std::tuple<T...>& value) {
    std::apply([&](auto&... element) { (detail::decode(in, element), ...); }, value);
    if constexpr (sizeof...(T) == 0) in.get<std::uint8_t>();
  }
};
template <class A, class B> struct Codec<std::pair<A, B>> {
  static void encode(Encoder& out, const std::pair<A, B>& value) {
    detail::encode(out, value.first);
    detail::encode(out, value.second);
  }
  static void decode(Decoder& in, std::pair<A, B>& value) {
    detail::decode(in, value.first);
    detail::decode(in, value.second);
  }
};
template <class T> struct Codec<std::optional<T>> {
  static void encode(Encoder& out, const std::optional<T>& value) {
    out.put(static_cast<std::uint8_t>(value.has_value()));
    if (value) detail::encode(out, *value);
  }
  static void decode(Decoder& in, std::optional<T>& value) {
    value.reset();
    if (in.get<std::uint8_t>() != 0) detail::decode(in, value.emplace());
  }
};

}  // namespace detail
}  // namespace gluster
