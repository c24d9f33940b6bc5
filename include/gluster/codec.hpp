#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

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

#include <gluster/archive.hpp>
#include <gluster/block.hpp>
#include <gluster/decoder.hpp>
#include <gluster/encoder.hpp>
#include <gluster/operand.hpp>
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
namespace cereal {

/// More special than cereal's own: makes room for all elements at once (check_size has bounded them). 4,000 words: 0.15 ms less.
template <class K, class V, class H, class E, class A>
void CEREAL_LOAD_FUNCTION_NAME(gluster::detail::LoadArchive& archive, std::unordered_map<K, V, H, E, A>& map) {
  size_type size = 0;
  archive(make_size_tag(size));
  map.clear();
  map.reserve(static_cast<std::size_t>(size));
  for (; size > 0; --size) {
    K key;
    V value;
    archive(make_map_item(key, value));
    map.emplace(std::move(key), std::move(value));
  }
}

}  // namespace cereal

namespace gluster {

namespace detail {

// --- which types are filled in place ------------------------------------------------------------------------------------

/// A block of these is copied as bytes.
template <class T>
constexpr bool kFlat = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
constexpr bool kFlat<std::complex<T>> = true;
template <class T, std::size_t N>
constexpr bool kFlat<std::array<T, N>> = kFlat<T>&& N != 0;

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

template <class T>
constexpr bool kIsSmartPointer = false;
template <class T>
constexpr bool kIsSmartPointer<std::unique_ptr<T>> = true;
template <class T>
constexpr bool kIsSmartPointer<std::shared_ptr<T>> = true;

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
  static_assert(cereal::traits::is_output_serializable<T, SaveArchive>::value && cereal::traits::is_input_serializable<T, LoadArchive>::value,
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

template <>
struct Codec<std::string> : BlockCodec<std::string> {};
template <>
struct Codec<std::string_view> : ViewCodec<std::string_view> {};
template <>
struct Codec<const char*> {
  static void encode(Encoder& out, const char* value) { detail::encode(out, std::string_view(value)); }
};
template <class T>
struct Codec<Block<T>> : BlockCodec<Block<T>> {
  static_assert(kFlat<T>, "gluster: a Block travels as bytes: of arithmetic types, enums, complex and arrays of these");
};
template <class T, class A>
struct Codec<std::vector<T, A>> : std::conditional_t<kFlat<T>, BlockCodec<std::vector<T, A>>,
                                                     std::conditional_t<kHasWhole<T>, WholeCodec<std::vector<T, A>>, EachCodec<std::vector<T, A>>>> {
};
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
struct Codec<std::span<T>> : ViewCodec<std::span<T>> {
};
template <class T>
requires(!kFlat<std::remove_const_t<T>>) struct Codec<std::span<T>> {  // on the caller's side only: a kernel takes a vector
  using Elements = std::vector<std::remove_const_t<T>>;
  static void encode(Encoder& out, const std::span<T>& value) {
    if constexpr (kHasWhole<std::remove_const_t<T>>) detail::encode(out, Elements(value.begin(), value.end()));
    else EachCodec<std::span<T>>::encode(out, value);
  }
};
template <class T, std::size_t N>
requires(!kFlat<std::array<T, N>>) struct Codec<std::array<T, N>> {
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
  static void encode(Encoder& out, const T (&value)[N]) { detail::encode(out, reinterpret_cast<const std::array<T, N>&>(value)); }
};
template <class... T>
struct Codec<std::tuple<T...>> {
  static void encode(Encoder& out, const std::tuple<T...>& value) {
    std::apply([&](const auto&... element) { (detail::encode(out, element), ...); }, value);
    if constexpr (sizeof...(T) == 0) out.put(std::uint8_t{0});  // a sequence's elements take a byte each, at least
  }
  static void decode(Decoder& in, std::tuple<T...>& value) {
    std::apply([&](auto&... element) { (detail::decode(in, element), ...); }, value);
    if constexpr (sizeof...(T) == 0) in.get<std::uint8_t>();
  }
};
template <class A, class B>
struct Codec<std::pair<A, B>> {
  static void encode(Encoder& out, const std::pair<A, B>& value) {
    detail::encode(out, value.first);
    detail::encode(out, value.second);
  }
  static void decode(Decoder& in, std::pair<A, B>& value) {
    detail::decode(in, value.first);
    detail::decode(in, value.second);
  }
};
template <class T>
struct Codec<std::optional<T>> {
  static void encode(Encoder& out, const std::optional<T>& value) {
    out.put(static_cast<std::uint8_t>(value.has_value()));
    if (value) detail::encode(out, *value);
  }
  static void decode(Decoder& in, std::optional<T>& value) {
    value.reset();
    if (in.get<std::uint8_t>() != 0) detail::decode(in, value.emplace());
  }
};

/// Its texts lie in the body.
template <>
struct Codec<DatasetRef> {
  static void encode(Encoder& out, const DatasetRef& ref) {
    out.put(ref.fixed);
    out.text(ref.file);
    out.text(ref.name);
  }
  static void decode(Decoder& in, DatasetRef& ref) {
    ref.fixed = in.get<DatasetRef::Fixed>();
    ref.file = in.text();
    ref.name = in.text();
  }
};

/// What a link does between the two halves of decoding, for a frame of this very process.
inline void fetch(const Encoder& from, Decoder& in) {
  for (std::size_t i = 0; i < in.places.size(); ++i) std::memcpy(in.places[i].data, from.segments[i].data, in.places[i].bytes);
  in.finish();
}

}  // namespace detail
}  // namespace gluster
