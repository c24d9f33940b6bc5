#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gluster/arguments.hpp>
#include <gluster/chunk.hpp>
#include <gluster/shared.hpp>

/// Where a map's items come from: any range, indices, or shared data.
namespace gluster::detail {

/// Where a map's items come from. One thread at a time.
class Inputs {
 public:
  virtual ~Inputs() = default;
  /// Writes the next items, `most` of them or fewer; none when there are no more, or the next one has an error. What the frame points into it keeps. Throws what a range
  /// of the user's does; then there are no more.
  virtual void write(ChunkWriter& out, std::size_t most) = 0;
  /// How many there are still; -1: nobody knows.
  virtual std::int64_t remaining() const = 0;
  /// True when they may be written on any thread, one at a time: then chunks go out also while the owner of the map is busy with other things.
  virtual bool is_anyones() const = 0;
  /// How many there are where they follow from their numbers, else -1. Any part of those may be written, in any order, whatever remaining() says.
  virtual std::int64_t numbers() const { return -1; }
  virtual void write_numbers(ChunkWriter& /*out*/, std::size_t /*first*/, std::uint32_t /*count*/) const {}
  /// Passes over what is known; before the first is written. `each_input`: looks at each of these, whether it is still what it was.
  virtual void leave_out(std::shared_ptr<const Journaled> /*known*/, bool /*each_input*/) {}
};

/// An argument of all items. They are encoded again for each chunk, so it is kept whatever it is.
template <class T>
using Common = std::conditional_t<std::is_same_v<decltype(Kept<T>::value), const T*>, Copied<T>, Kept<T>>;

/// A tuple of what an input gives, by address: nothing is copied that need not be.
template <class E>
using HolderOf =
    std::conditional_t<kLooksElsewhere<E> || kIsSmartPointer<E> || kIsShared<E> || std::is_same_v<E, std::nullptr_t>, Kept<E>, Kept<Borrowed<E>>>;
template <class E>
HolderOf<E> hold(const E& value) {
  if constexpr (std::is_same_v<HolderOf<E>, Kept<Borrowed<E>>>) return HolderOf<E>(Borrowed<E>{&value});
  else return HolderOf<E>(value);
}

/// An input as the arguments of one call: a tuple is one each when it is spread.
template <bool kSpread, class T>
auto hold_all(const T& input) {
  if constexpr (kSpread) return std::apply([](const auto&... element) { return std::tuple(hold(element)...); }, input);
  else return std::tuple(hold(input));
}
template <class... H>
auto pack_all(const std::tuple<H...>& holders) {
  return std::apply([](const auto&... holder) { return std::array<Argument, sizeof...(H)>{holder.pack()...}; }, holders);
}
template <class T>
constexpr bool kMayBePointedInto = kPointedInto<T> || kLooksElsewhere<T> || kIsSmartPointer<T> || kIsShared<T>;
template <class... T>
constexpr bool kMayBePointedInto<std::tuple<T...>> = (kMayBePointedInto<std::remove_cvref_t<T>> || ... || false);
template <class A, class B>
constexpr bool kMayBePointedInto<std::pair<A, B>> = kMayBePointedInto<std::remove_cvref_t<A>> || kMayBePointedInto<std::remove_cvref_t<B>>;

/// True where hold() makes more of an input than its address.
template <class T>
constexpr bool kMayHaveHolder = kLooksElsewhere<T> || kIsSmartPointer<T> || kIsShared<T>;
template <class... T>
constexpr bool kMayHaveHolder<std::tuple<T...>> = (kMayHaveHolder<std::remove_cvref_t<T>> || ... || false);
template <class A, class B>
constexpr bool kMayHaveHolder<std::pair<A, B>> = kMayHaveHolder<std::remove_cvref_t<A>> || kMayHaveHolder<std::remove_cvref_t<B>>;

/// Items from a range, one pass: taken from it when their chunk goes out.
template <bool kSpread, class View, class... C>
class RangeInputs final : public Inputs {
  using Reference = std::ranges::range_reference_t<View>;
  using Item = std::ranges::range_value_t<View>;
  // It stays where it is while the iterator goes on.
  static constexpr bool kStays =
      std::ranges::forward_range<View> && std::is_same_v<std::remove_cvref_t<Reference>, Item> && std::is_lvalue_reference_v<Reference>;

 public:
  explicit RangeInputs(View view, std::tuple<Common<C>...>&& common)
      : view_(std::move(view)), common_(std::move(common)), at_(std::ranges::begin(view_)), end_(std::ranges::end(view_)) {
    if constexpr (std::ranges::sized_range<View>) remaining_ = static_cast<std::int64_t>(std::ranges::size(view_));
  }
  void write(ChunkWriter& out, std::size_t most) override {
    auto common = pack_all(common_);
    if constexpr (kStays && !kMayHaveHolder<Item>) {
      for (; out.count() < most && !out.is_full() && at_ != end_; step()) add(out, *at_, common);
    } else if constexpr (!kMayBePointedInto<Item>) {
      for (; out.count() < most && !out.is_full() && at_ != end_; step()) {
        Item item(*at_);
        add(out, item, common);
      }
    } else {
      using Holders = decltype(hold_all<kSpread>(std::declval<const Item&>()));
      struct Stored {
        Item item;
        Holders holders;
        explicit Stored(Reference given) : item(std::forward<Reference>(given)), holders(hold_all<kSpread>(item)) {}
      };
      auto stored = std::make_shared<std::deque<Stored>>();
      out.keep(stored);
      for (; out.count() < most && !out.is_full() && at_ != end_; step()) out.add(pack_all(stored->emplace_back(*at_).holders), common);
    }
  }
  std::int64_t remaining() const override { return remaining_; }
  bool is_anyones() const override { return kStays && std::ranges::contiguous_range<View>; }  // nothing of the user's runs
  void leave_out(std::shared_ptr<const Journaled> known, bool each_input) override {
    known_ = std::move(known);
    each_input_ = each_input;
    pass_known();
  }
  /// Writes what the range has in it to `digest`; the range can be read again.
  static std::int64_t add_to(InputsDigest& digest, View& view) {
    std::int64_t count = 0;
    for (auto at = std::ranges::begin(view); at != std::ranges::end(view); ++at, ++count) look_at(*at, [&](const auto& own) { digest.add(own); });
    return count;
  }

 private:
  template <std::size_t N>
  static void add(ChunkWriter& out, const Item& item, const std::array<Argument, N>& common) {
    out.add(pack_all(hold_all<kSpread>(item)), common);
  }
  template <class F>
  static void look_at(Reference given, F&& what) {
    if constexpr (std::is_same_v<std::remove_cvref_t<Reference>, Item>) what(pack_all(hold_all<kSpread>(given)));
    else {
      Item item(std::forward<Reference>(given));
      what(pack_all(hold_all<kSpread>(item)));
    }
  }
  void step() {
    forward();
    if (known_) pass_known();
  }
  void forward() {
    ++at_;
    ++index_;
    if (remaining_ > 0) --remaining_;
  }
  void pass_known() {
    for (; at_ != end_ && known_->has(index_); forward())
      if (each_input_) look_at(*at_, [&](const auto& own) { known_->expect_input(index_, InputsDigest::of_item(own)); });
  }

  View view_;
  std::tuple<Common<C>...> common_;
  std::ranges::iterator_t<View> at_;
  std::ranges::sentinel_t<View> end_;
  std::int64_t remaining_ = -1;
  std::size_t index_ = 0;
  std::shared_ptr<const Journaled> known_;
  bool each_input_ = false;
};

template <class T>
constexpr bool kIsIota = false;
template <std::signed_integral I>
constexpr bool kIsIota<std::ranges::iota_view<I, I>> = true;

/// What a range has in it, where it can be read again. The number of items; -1: nobody knows.
template <bool kSpread, class View>
std::int64_t add_inputs(InputsDigest& digest, View& view) {
  using Item = std::ranges::range_value_t<View>;
  if constexpr (kIsIota<View>) {
    const std::array bounds{static_cast<std::int64_t>(view.empty() ? 0 : view.front()), static_cast<std::int64_t>(view.size())};
    digest.add("indices", std::as_bytes(std::span(bounds)));
    return bounds[1];
  } else if constexpr (!kSpread && std::ranges::contiguous_range<View> && std::ranges::sized_range<View> && kFlat<Item>) {
    digest.add(type_of<Item>().text, std::as_bytes(std::span(std::ranges::data(view), std::ranges::size(view))));
    return static_cast<std::int64_t>(std::ranges::size(view));
  } else if constexpr (std::ranges::forward_range<View>) {
    return RangeInputs<kSpread, View>::add_to(digest, view);
  } else if constexpr (std::ranges::sized_range<View>) {
    return static_cast<std::int64_t>(std::ranges::size(view));
  } else {
    return -1;
  }
}

/// Indices [begin, end).
struct Indices {
  std::int64_t begin, end;
  std::int64_t size() const { return end - begin; }
  void write(ChunkWriter& out, std::int64_t first, std::uint32_t count, std::span<const Argument> common) const {
    out.add_indices(begin + first, count, common);
  }
};

/// Elements of shared data, which are there already.
template <class T>
struct Elements {
  Kept<Shared<T>> shared;
  T any{};
  std::int64_t size() const { return static_cast<std::int64_t>(shared.value.size()); }
  void write(ChunkWriter& out, std::int64_t first, std::uint32_t count, std::span<const Argument> common) const {
    out.add_elements(shared.ref, argument(&any), first, count, common);
  }
};

/// Items that follow from their numbers: nothing but two of these a chunk is sent.
template <class Numbers, class... C>
class NumberedInputs final : public Inputs {
 public:
  NumberedInputs(Numbers numbers, std::tuple<Common<C>...>&& common) : numbers_(std::move(numbers)), common_(std::move(common)) {}
  void write(ChunkWriter& out, std::size_t most) override {
    auto count = static_cast<std::uint32_t>(std::min(static_cast<std::int64_t>(most), remaining()));
    if (count == 0) return;
    write_numbers(out, written_, count);
    written_ += count;
  }
  std::int64_t remaining() const override { return numbers() - static_cast<std::int64_t>(written_); }
  bool is_anyones() const override { return true; }
  std::int64_t numbers() const override { return numbers_.size(); }
  void write_numbers(ChunkWriter& out, std::size_t first, std::uint32_t count) const override {
    numbers_.write(out, static_cast<std::int64_t>(first), count, pack_all(common_));
  }

 private:
  const Numbers numbers_;
  std::size_t written_ = 0;
  std::tuple<Common<C>...> common_;
};

/// Shared data as a range that has a handle to it.
template <class T>
class SharedView : public std::ranges::view_interface<SharedView<T>> {
 public:
  explicit SharedView(Shared<T> shared) : shared_(std::move(shared)) {}
  const T* begin() const { return shared_.span().data(); }
  const T* end() const { return begin() + shared_.size(); }

 private:
  Shared<T> shared_;
};

template <class T>
concept MapInputs = std::ranges::input_range<T> || kIsShared<std::decay_t<T>>;

}  // namespace gluster::detail
