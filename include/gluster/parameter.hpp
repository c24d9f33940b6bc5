#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/block.hpp>
#include <gluster/codec.hpp>
#include <gluster/signature.hpp>

// How a kernel's parameters get what was sent, shared or named for them.
namespace gluster::detail {

template <class T>
constexpr bool kNever = false;

/// What holds a parameter of type P while its kernel runs, and how it is handed over.
template <class P>
struct Parameter {
  using Value = std::remove_cvref_t<P>;
  using Wire = Value;
  Value value = fresh<Value>();
  void decode(Decoder& in) { detail::decode(in, value); }
  P pass() { return static_cast<P>(std::move(value)); }
};
template <class P>
requires(std::is_lvalue_reference_v<P> && !kIsSmartPointer<std::remove_cvref_t<P>>) struct Parameter<P> {
  static_assert(std::is_const_v<std::remove_reference_t<P>>,
                "GLUSTER_EXPORT: a kernel cannot take a non-const reference: what it changes would not travel back; "
                "return the value instead");
  using Value = std::remove_cvref_t<P>;
  using Wire = Value;
  Value value = fresh<Value>();
  void decode(Decoder& in) { detail::decode(in, value); }
  P pass() { return value; }
};
template <class P>
requires(std::is_reference_v<P>&& kIsSmartPointer<std::remove_cvref_t<P>>) struct Parameter<P> : Parameter<std::remove_cvref_t<P>> {
  static_assert(std::is_rvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                "GLUSTER_EXPORT: a kernel cannot take a non-const reference: what it changes would not travel back; "
                "return the value instead");
  P pass() { return static_cast<P>(this->value); }
};
template <class T>
struct Parameter<std::span<const T>> {
  using Wire = std::vector<T>;
  std::conditional_t<kFlat<T>, std::span<const T>, Wire> value;  // read in place where that can be
  std::conditional_t<kFlat<T>, Block<T>, std::tuple<>> own;      // what was read from a file
  void decode(Decoder& in) { detail::decode(in, value); }
  std::span<const T> pass() { return value; }
};
template <class T>
requires(!std::is_const_v<T>) struct Parameter<std::span<T>> {  // an output: written where the caller wants it, or sent there
  static_assert(kFlat<T>,
                "GLUSTER_EXPORT: a std::span<T> parameter is an output, and travels as bytes: of arithmetic types, enums, complex and arrays "
                "of these; return anything else as a value");
  using Wire = Output<T>;
  std::span<T> value;
  std::shared_ptr<Block<T>> own;
  void decode(Decoder& in) {
    auto ref = in.get<SharedRef>();
    if (ref.bytes % sizeof(T) != 0) Decoder::malformed("a part of an element");
    std::span<std::byte> place = in.operands().output(ref);
    if (place.empty()) own = std::make_shared<Block<T>>(ref.bytes / sizeof(T));
    value = own ? std::span<T>(*own) : std::span<T>(reinterpret_cast<T*>(place.data()), place.size() / sizeof(T));
  }
  std::span<T> pass() { return value; }
  void send(Encoder& out) {
    out.put(static_cast<std::uint8_t>(own != nullptr));
    if (!own) return;
    out.block(own->data(), own->size() * sizeof(T), alignof(T));
    out.kept.push_back(std::move(own));
  }
};
template <class T, std::size_t N>
requires(N != std::dynamic_extent) struct Parameter<std::span<T, N>> {
  static_assert(kNever<T>,
                "GLUSTER_EXPORT: a span of a fixed size is no parameter: take std::array<T, N>, or std::span<const T> and look at its size");
};
template <>
struct Parameter<const char*> {
  using Wire = std::string;
  std::string value;
  void decode(Decoder& in) { detail::decode(in, value); }
  const char* pass() { return value.c_str(); }
};
template <class T>
struct Parameter<T*> {
  static_assert(!std::is_same_v<T, char>, "GLUSTER_EXPORT: a char* is no parameter: take std::string, std::string_view or const char*");
  using Wire = std::remove_cv_t<T>;
  Wire value = fresh<Wire>();
  void decode(Decoder& in) { detail::decode(in, value); }
  T* pass() { return &value; }
};
template <class T>
struct Parameter<std::unique_ptr<T>> {
  using Wire = std::remove_cv_t<T>;
  std::unique_ptr<Wire> value = std::make_unique<Wire>();
  void decode(Decoder& in) { detail::decode(in, *value); }
  std::unique_ptr<T> pass() { return std::move(value); }
};
template <class T>
struct Parameter<std::shared_ptr<T>> {
  using Wire = std::remove_cv_t<T>;
  std::shared_ptr<Wire> value = std::make_shared<Wire>();
  void decode(Decoder& in) { detail::decode(in, *value); }
  std::shared_ptr<T> pass() { return std::move(value); }
};

template <class P>
constexpr bool kIsOutput = false;
template <class T>
constexpr bool kIsOutput<Parameter<std::span<T>>> = !std::is_const_v<T>;

template <class W>
constexpr bool kIsFlatSequence = false;
template <class T, class A>
constexpr bool kIsFlatSequence<std::vector<T, A>> = kFlat<T>;
template <class T>
constexpr bool kIsFlatSequence<Block<T>> = true;
template <>
inline constexpr bool kIsFlatSequence<std::string> = true;
template <>
inline constexpr bool kIsFlatSequence<std::string_view> = true;

/// What a dataset can be read into.
template <class W>
constexpr bool kIsNumbers = false;
template <class T>
constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 8;
template <class T>
constexpr bool kIsNumbers<std::vector<T>> = kIsNumber<T>;
template <class T>
constexpr bool kIsNumbers<Block<T>> = kIsNumber<T>;
template <class T>
constexpr std::uint64_t kMostElements = ~std::size_t{0} / 2 / sizeof(T);

template <class V>
constexpr bool kIsView = std::is_same_v<V, std::string_view>;
template <class T>
constexpr bool kIsView<std::span<const T>> = true;

/// Shared data as a parameter: a view looks at it, anything else is a copy.
template <class P>
void decode_shared(P& parameter, std::span<const std::byte> data) {
  using Value = decltype(parameter.value);
  if constexpr (kIsView<Value>) {
    using Element = typename Value::value_type;
    parameter.value = Value(reinterpret_cast<const Element*>(data.data()), data.size() / sizeof(Element));
  } else if constexpr (kIsFlatSequence<typename P::Wire>) {
    using Element = typename P::Wire::value_type;
    Encoder block;
    block.length(data.size() / sizeof(Element));
    block.block(data.data(), data.size(), alignof(Element));
    block.close();
    Decoder in(block.body, block.segments.size());
    parameter.decode(in);
    fetch(block, in);
  } else {
    Decoder::malformed("shared data for a parameter that is no sequence");
  }
}

/// Where a parameter has the elements of a dataset.
template <class T>
std::span<T> make_room(std::vector<T>& value, std::size_t size) {
  value.resize(size);
  return value;
}
template <class T>
std::span<T> make_room(Block<T>& value, std::size_t size) {
  value = Block<T>(size);
  return value;
}
template <class P>
auto make_room(P& parameter, std::size_t size) {
  using Value = std::remove_cvref_t<decltype(parameter.value)>;
  if constexpr (kIsView<Value>) {
    auto place = make_room(parameter.own, size);
    parameter.value = place;
    return place;
  } else if constexpr (std::is_same_v<Value, typename P::Wire>) {
    return make_room(parameter.value, size);
  } else {
    return make_room(*parameter.value, size);
  }
}

/// A dataset's elements as a parameter: read when the call's turn has come, on the kernel's thread.
template <class P>
void decode_dataset(Decoder& in, P& parameter) {
  DatasetRef ref;
  detail::decode(in, ref);
  if constexpr (kIsNumbers<typename P::Wire>) {
    using Element = typename P::Wire::value_type;
    if (ref.fixed.element != scalar_of<Element>() || ref.elements() > kMostElements<Element>)
      Decoder::malformed("a dataset that does not fit its parameter");
    in.later([ref, &parameter, operands = &in.operands()] {
      operands->expect_room(ref);
      operands->read(ref, std::as_writable_bytes(make_room(parameter, ref.elements())));
    });
  } else {
    Decoder::malformed("a dataset for a parameter that is no sequence of numbers");
  }
}

template <class P>
void decode_argument(Decoder& in, P& parameter) {
  ArgumentKind kind = in.next_kind();
  if constexpr (kIsOutput<P>) {
    if (kind != ArgumentKind::output) Decoder::malformed("a value for an output");
    parameter.decode(in);
  } else if (kind == ArgumentKind::value) {
    parameter.decode(in);
  } else if (kind == ArgumentKind::shared) {
    decode_shared(parameter, in.operands().find(in.get<SharedRef>()));
  } else if (kind == ArgumentKind::dataset) {
    decode_dataset(in, parameter);
  } else {
    Decoder::malformed("an argument of a kind that this version does not know");
  }
}

/// No output follows what is none.
template <class... P>
constexpr bool outputs_come_first() {
  bool may = true, right = true;
  ((kIsOutput<P> ? void(right &= may) : void(may = false)), ...);
  return right;
}

}  // namespace gluster::detail
