#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gluster/codec.hpp>
#include <gluster/operand.hpp>
#include <gluster/signature.hpp>

/// How a call keeps its arguments while they are sent.
namespace gluster {

/// A value that is sent from where it lies: it must outlive the job, unchanged.
template <class T>
struct Borrowed {
  const T* value;
};
/// Borrows `value` (which may be anything that can be sent) for a call.
template <class T>
Borrowed<T> view(const T& value) {
  return {&value};
}
template <class T>
void view(const T&&) = delete;  // a temporary would be gone before it is sent

namespace detail {

/// One argument of a call, packed: what the non-template side needs of it.
struct Argument {
  const Type* type;
  const void* value;  ///< null: a null pointer was given
  void (*encode)(Encoder& out, const void* value);
  ArgumentKind kind = ArgumentKind::value;
};

template <class T>
Argument argument(const T* value) {
  return {&type_of<T>(), value, [](Encoder& out, const void* it) { encode(out, *static_cast<const T*>(it)); }};
}

/// True when a frame may point into a T: then the job has to keep it.
template <class T>
constexpr bool kPointedInto = !kHasWhole<T> || (kFlat<T> && sizeof(T) >= kSegmentBytes);
template <class... T>
constexpr bool kPointedInto<std::tuple<T...>> = (kPointedInto<T> || ... || false);
template <class A, class B>
constexpr bool kPointedInto<std::pair<A, B>> = kPointedInto<A> || kPointedInto<B>;
template <class T>
constexpr bool kPointedInto<std::optional<T>> = kPointedInto<T>;
template <class T, std::size_t N>
requires(!kFlat<T>) constexpr bool kPointedInto<std::array<T, N>> = kPointedInto<T>;

template <class T>
constexpr bool kIsShared = false;

/// An argument of one's own.
template <class T>
struct Copied {
  T value;
  template <class A>
  explicit Copied(A&& given) : value(std::forward<A>(given)) {}
  Argument pack() const { return argument(&value); }
};

/// How a job keeps an argument given as A: a copy of an lvalue, the rvalue itself, or nothing but its address when
/// the frame will hold all of it anyway.
template <class T>
struct Kept : Copied<T> {
  using Copied<T>::Copied;
};
template <class T>
requires(!kPointedInto<T>) struct Kept<T> {
  const T* value;
  explicit Kept(const T& given) : value(&given) {}
  Argument pack() const { return argument(value); }
};
template <class T>
struct Kept<Borrowed<T>> {
  Borrowed<T> value;
  explicit Kept(Borrowed<T> given) : value(given) {}
  Argument pack() const { return argument(value.value); }
};
template <class T>
struct Kept<std::span<T>> {
  std::span<const T> value;
  explicit Kept(std::span<T> given) : value(given) {}
  Argument pack() const { return argument(&value); }
};
template <class T>
requires std::same_as < std::remove_cv_t<T>,
char > struct Kept<T*> {
  std::optional<std::string> value;
  explicit Kept(const char* given) {
    if (given != nullptr) value = given;
  }
  Argument pack() const { return argument(value ? &*value : nullptr); }
};
template <>
struct Kept<std::string_view> {
  std::string value;
  explicit Kept(std::string_view given) : value(given) {}
  Argument pack() const { return argument(&value); }
};
template <class T>
requires(!std::same_as<std::remove_cv_t<T>, char>) struct Kept<T*> {
  std::optional<std::remove_cv_t<T>> value;
  explicit Kept(const T* given) {
    if (given != nullptr) value = *given;
  }
  Argument pack() const { return argument(value ? &*value : nullptr); }
};
template <class T>
struct Kept<std::shared_ptr<T>> {
  std::shared_ptr<T> value;
  explicit Kept(std::shared_ptr<T>&& given) : value(std::move(given)) {}
  explicit Kept(const std::shared_ptr<T>& given) : value(given ? std::make_shared<T>(*given) : nullptr) {}
  Argument pack() const { return argument<std::remove_cv_t<T>>(value.get()); }
};
template <class T>
struct Kept<std::unique_ptr<T>> {
  std::unique_ptr<T> value;
  explicit Kept(std::unique_ptr<T>&& given) : value(std::move(given)) {}
  explicit Kept(const std::unique_ptr<T>& given) : value(given ? std::make_unique<T>(*given) : nullptr) {}
  Argument pack() const { return argument<std::remove_cv_t<T>>(value.get()); }
};
template <>
struct Kept<std::nullptr_t> {
  explicit Kept(std::nullptr_t) {}
  Argument pack() const { return argument<std::uint8_t>(nullptr); }
};

}  // namespace detail
}  // namespace gluster
