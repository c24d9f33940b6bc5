#pragma once
#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <cereal/cereal.hpp>

#include <gluster/block.hpp>

/// A C++ type as structural text: `[f64]`, `{str:i64}`, `struct(i32,[@Tree])`.
///
/// Two types with one text have one form on the wire, so a master and a kernel agree on a call exactly when the texts
/// are equal; they need not share a struct's definition, only its shape.
///
///     bool char i8..i64 u8..u64 f32 f64 f80   arithmetic, by size          enum(i32)    by its underlying type
///     str                                     string, string_view, char*   [T]          vector, span, Block
///     [T;4]   array                           (A,B)  pair, tuple           {K:V} {K}    maps, sets
///     T?      optional                        <A|B>  variant, none in it   complex(f64)
///     struct(A,B)  what its cereal `serialize` names, in order             struct#2(A)  the same with a class version
///     @Name        that struct again, inside itself
///     *T &T   unique_ptr, shared_ptr inside a struct                       opaque Name#1  cereal `save`/`load`, version 1
namespace gluster {

/// The arithmetic types; a call's argument of one may convert to a kernel's parameter of another.
enum class Scalar : std::uint8_t { none, boolean, character, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, f80 };

/// A type as the library sees it at run time.
struct Type {
  std::string text;
  Scalar scalar = Scalar::none;
};

/// A kernel's type: `text()` is e.g. `[f64]([f64],[f64],i64)`.
struct Signature {
  Type result;
  std::vector<Type> parameters;

  std::string text() const {
    std::string out = result.text;
    for (std::size_t i = 0; i < parameters.size(); ++i) out.append(i == 0 ? "(" : ",").append(parameters[i].text);
    return out.append(parameters.empty() ? "()" : ")");
  }
};

namespace detail {

/// Builds one type's text; remembers the structs it is inside of.
struct TypeText {
  std::string out;
  std::vector<std::type_index> open;
};

/// The class's own name, without namespaces and template arguments' namespaces left as they are.
inline std::string class_name(std::string_view pretty) {  // of __PRETTY_FUNCTION__: "... [with T = a::b::Name]"
  std::size_t from = pretty.find("T = ") + 4;
  std::string_view name = pretty.substr(from, pretty.find_first_of(";]", from) - from);
  std::size_t end = name.find('<');
  std::size_t colon = name.substr(0, end).rfind("::");
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 2));
}
template <class T>
std::string class_name() {
  return class_name(std::string_view(__PRETTY_FUNCTION__));
}

template <class T>
struct Describe;

template <class T>
void describe(TypeText& text) {
  Describe<std::remove_cv_t<T>>::add(text);
}

/// `open` + the types, separated + `close`.
template <class... T>
void describe_all(TypeText& text, std::string_view open, [[maybe_unused]] char separator, std::string_view close) {
  text.out += open;
  [[maybe_unused]] bool first = true;
  ((first ? void(first = false) : text.out.push_back(separator), describe<T>(text)), ...);
  text.out += close;
}

template <class T>
constexpr Scalar scalar_of() {
  if constexpr (!std::is_arithmetic_v<T>) return Scalar::none;
  else if constexpr (std::is_same_v<T, bool>) return Scalar::boolean;
  else if constexpr (std::is_same_v<T, char>) return Scalar::character;
  else if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? Scalar::f32 : sizeof(T) == 8 ? Scalar::f64 : Scalar::f80;
  else {
    static_assert(sizeof(T) <= 8, "gluster: integers of more than 64 bits cannot travel");
    constexpr int log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<Scalar>(static_cast<int>(std::is_signed_v<T> ? Scalar::i8 : Scalar::u8) + log);
  }
}

constexpr std::string_view scalar_name(Scalar scalar) {
  constexpr std::string_view names[] = {"", "bool", "char", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "f80"};
  return names[static_cast<std::size_t>(scalar)];
}

// --- structs: cereal's `serialize`, run once with an archive that notes types ------------------------------------

/// Stands in for a cereal archive; each value it is given adds its type.
class TypeArchive {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  explicit TypeArchive(TypeText& text) : text_(&text) {}
  template <class... T>
  TypeArchive& operator()(T&&... values) {
    (note(values), ...);
    return *this;
  }
  template <class T>
  TypeArchive& operator&(T&& value) {
    return note(value), *this;
  }
  template <class T>
  TypeArchive& operator<<(T&& value) {
    return note(value), *this;
  }

 private:
  template <class T>
  void note(const T&) {
    separate();
    describe<T>(*text_);
  }
  template <class T>
  void note(const cereal::NameValuePair<T>& pair) {
    note(pair.value);
  }
  template <class T>
  void note(const cereal::SizeTag<T>&) {
    separate();
    text_->out += "size";
  }
  template <class T>
  void note(const cereal::BinaryData<T>&) {
    separate();
    text_->out += "bytes";
  }
  template <class B>
  void note(const cereal::base_class<B>&) {
    separate();
    describe<B>(*text_);
  }
  template <class B>
  void note(const cereal::virtual_base_class<B>&) {
    separate();
    describe<B>(*text_);
  }
  void separate() {
    if (text_->out.back() != '(') text_->out += ',';
  }

  TypeText* text_;
};

template <class T, class A>
concept MemberSerialize = requires(T& value, A& archive) {
  cereal::access::member_serialize(archive, value);
};
template <class T, class A>
concept MemberSerializeVersion = requires(T& value, A& archive) {
  cereal::access::member_serialize(archive, value, std::uint32_t{0});
};
template <class T, class A>
concept FreeSerialize = requires(T& value, A& archive) {
  serialize(archive, value);
};
template <class T, class A>
concept FreeSerializeVersion = requires(T& value, A& archive) {
  serialize(archive, value, std::uint32_t{0});
};

template <class T>
concept HasSerialize = std::is_class_v<T> &&(MemberSerialize<T, TypeArchive> || MemberSerializeVersion<T, TypeArchive> ||
                                             FreeSerialize<T, TypeArchive> || FreeSerializeVersion<T, TypeArchive>);

template <class T>
void serialize_types(TypeArchive& archive, T& value) {
  [[maybe_unused]] const std::uint32_t version = cereal::detail::Version<T>::version;
  if constexpr (MemberSerialize<T, TypeArchive>) cereal::access::member_serialize(archive, value);
  else if constexpr (MemberSerializeVersion<T, TypeArchive>) cereal::access::member_serialize(archive, value, version);
  else if constexpr (FreeSerialize<T, TypeArchive>) serialize(archive, value);
  else serialize(archive, value, version);
}

template <class T>
void describe_struct(TypeText& text) {
  for (const std::type_index& type : text.open)
    if (type == std::type_index(typeid(T))) return void(text.out.append("@").append(class_name<T>()));
  text.open.emplace_back(typeid(T));
  text.out += "struct";
  // A version is written ahead of the fields: another form, and another type.
  if constexpr (!MemberSerialize<T, TypeArchive> && !FreeSerialize<T, TypeArchive>)
    text.out.append("#").append(std::to_string(cereal::detail::Version<T>::version));
  text.out += "(";
  std::unique_ptr<T> value(cereal::access::construct<T>());
  TypeArchive archive(text);
  serialize_types(archive, *value);
  text.out += ")";
  text.open.pop_back();
}

// --- every type's text -------------------------------------------------------------------------------------------

template <class T>
struct Describe {  // whatever has no line of its own below
  static void add(TypeText& text) {
    if constexpr (std::is_enum_v<T>) {
      describe_all<std::underlying_type_t<T>>(text, "enum(", ',', ")");
    } else if constexpr (std::is_arithmetic_v<T>) {
      text.out += scalar_name(scalar_of<T>());
    } else if constexpr (HasSerialize<T>) {
      describe_struct<T>(text);
    } else {
      text.out.append("opaque ").append(class_name<T>()).append("#");
      text.out += std::to_string(cereal::detail::Version<T>::version);
    }
  }
};
struct DescribeText {
  static void add(TypeText& text) { text.out += "str"; }
};
template <class T>
struct DescribeSequence {
  static void add(TypeText& text) { describe_all<T>(text, "[", ',', "]"); }
};
template <class... T>
struct DescribeTuple {
  static void add(TypeText& text) { describe_all<T...>(text, "(", ',', ")"); }
};
template <class... T>
struct DescribeKeyed {
  static void add(TypeText& text) { describe_all<T...>(text, "{", ':', "}"); }
};

template <>
struct Describe<void> {
  static void add(TypeText& text) { text.out += "void"; }
};
template <>
struct Describe<std::monostate> {
  static void add(TypeText& text) { text.out += "none"; }
};
template <>
struct Describe<std::string> : DescribeText {};
template <>
struct Describe<std::string_view> : DescribeText {};
template <>
struct Describe<const char*> : DescribeText {};
template <>
struct Describe<char*> : DescribeText {};
template <class T, class A>
struct Describe<std::vector<T, A>> : DescribeSequence<T> {};
template <class T>
struct Describe<std::span<T>> : DescribeSequence<T> {};
template <class T>
struct Describe<Block<T>> : DescribeSequence<T> {};
template <class T, std::size_t N>
struct Describe<std::array<T, N>> {
  static void add(TypeText& text) { describe_all<T>(text, "[", ',', ";" + std::to_string(N) + "]"); }
};
template <class T, std::size_t N>
struct Describe<T[N]> : Describe<std::array<T, N>> {};
template <class A, class B>
struct Describe<std::pair<A, B>> : DescribeTuple<A, B> {};
template <class... T>
struct Describe<std::tuple<T...>> : DescribeTuple<T...> {};
template <class K, class V, class C, class A>
struct Describe<std::map<K, V, C, A>> : DescribeKeyed<K, V> {};
template <class K, class V, class H, class E, class A>
struct Describe<std::unordered_map<K, V, H, E, A>> : DescribeKeyed<K, V> {};
template <class K, class C, class A>
struct Describe<std::set<K, C, A>> : DescribeKeyed<K> {};
template <class K, class H, class E, class A>
struct Describe<std::unordered_set<K, H, E, A>> : DescribeKeyed<K> {};
template <class T>
struct Describe<std::optional<T>> {
  static void add(TypeText& text) { describe_all<T>(text, "", ',', "?"); }
};
template <class... T>
struct Describe<std::variant<T...>> {
  static void add(TypeText& text) { describe_all<T...>(text, "<", '|', ">"); }
};
template <class T>
struct Describe<std::complex<T>> {
  static void add(TypeText& text) { describe_all<T>(text, "complex(", ',', ")"); }
};
template <class T, class D>
struct Describe<std::unique_ptr<T, D>> {
  static void add(TypeText& text) { describe_all<T>(text, "*", ',', ""); }
};
template <class T>
struct Describe<std::shared_ptr<T>> {
  static void add(TypeText& text) { describe_all<T>(text, "&", ',', ""); }
};

}  // namespace detail

/// T as text, made once a module: hidden, so that two plugins' structs of one name are not taken for one. Thread-safe.
template <class T>
__attribute__((visibility("hidden"))) const Type& type_of() {
  static const Type type = [] {
    detail::TypeText text;
    detail::describe<T>(text);
    return Type{std::move(text.out), detail::scalar_of<T>()};
  }();
  return type;
}

}  // namespace gluster
