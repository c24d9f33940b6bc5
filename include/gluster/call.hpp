#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/codec.hpp>
#include <gluster/job.hpp>
#include <gluster/shared.hpp>

// Calls that are under way, with what they send and where their values go.
namespace gluster::detail {

/// A call's state together with the arguments that its frame points into.
template <class R, class... T>
class CallOf final : public Value<R> {
  static_assert(!kLooksElsewhere<R>,
                "gluster: a call's value is its caller's own: ask for a vector or a string, not for a view, a pointer or a reference");

 public:
  template <class... A>
  explicit CallOf(std::shared_ptr<Engine> engine, A&&... given) : Value<R>(std::move(engine)), kept_(std::forward<A>(given)...) {}
  void open_value(Decoder& in) override {
    if constexpr (!std::is_void_v<R>) decode(in, this->set(fresh<R>));
  }
  auto pack() const {
    return std::apply([](const auto&... kept) { return std::array<Argument, sizeof...(T)>{kept.pack()...}; }, kept_);
  }

 private:
  std::tuple<Kept<T>...> kept_;
};

/// Keeps others from writing where a call writes, until it has ended.
class OutputClaims {
 public:
  explicit OutputClaims(Engine& engine) : engine_(&engine) {}
  ~OutputClaims() { release(); }
  OutputClaims(const OutputClaims&) = delete;
  SharedRef claim(std::span<const std::byte> place);
  void release() noexcept;

 private:
  Engine* engine_;  // outlives every job
  std::mutex mutex_;
  std::vector<std::span<const std::byte>> places_;
  std::vector<std::shared_ptr<const SharedState>> arrays_;  // that they lie in
};

/// A call with outputs.
template <class Outputs, class... A>
class CallInto;
template <class... T, class... A>
class CallInto<std::tuple<T...>, A...> final : public Value<void> {
 public:
  template <class... Given>
  explicit CallInto(std::shared_ptr<Engine> engine, Given&&... given)
      : Value<void>(engine), claims_(std::make_shared<OutputClaims>(*engine)), arguments_(std::forward<Given>(given)...) {}
  void claim(std::span<T>... place) { outputs_.emplace(Kept<Into<T>>(Into<T>{place, claims_->claim(std::as_bytes(place))})...); }
  void ending() noexcept override { claims_->release(); }
  void open_value(Decoder& in) override {
    std::apply([&](auto&... output) { (open(in, output.value.place), ...); }, *outputs_);
  }
  auto pack() const {
    return std::apply([](const auto&... kept) { return std::array<Argument, sizeof...(T) + sizeof...(A)>{kept.pack()...}; },
                      std::tuple_cat(std::apply([](const auto&... o) { return std::tie(o...); }, *outputs_),
                                     std::apply([](const auto&... a) { return std::tie(a...); }, arguments_)));
  }

 private:
  template <class E>
  static void open(Decoder& in, std::span<E> place) {
    if (in.get<std::uint8_t>() == 0) return;  // it was written there
    in.expect_block(place.size_bytes());
    in.block(place.data(), place.size_bytes(), alignof(E));
  }

  std::shared_ptr<OutputClaims> claims_;
  std::optional<std::tuple<Kept<Into<T>>...>> outputs_;
  std::tuple<Kept<A>...> arguments_;
};

template <class T>
std::tuple<std::span<T>> outputs(std::span<T> out) {
  return {out};
}
template <class... T>
std::tuple<std::span<T>...> outputs(const std::tuple<std::span<T>...>& out) {
  return out;
}
template <class T>
std::tuple<std::span<T>> outputs(const Shared<T>& out) {
  return {out.writable()};
}
template <std::ranges::contiguous_range Out>
auto outputs(Out& out) {
  return std::tuple(std::span<std::remove_reference_t<std::ranges::range_reference_t<Out>>>(out));
}

template <class Data>
constexpr bool kIsText = std::is_same_v<Data, std::string> || std::is_same_v<Data, std::string_view>;

}  // namespace gluster::detail
