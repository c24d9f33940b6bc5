#pragma once
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/job.hpp>

/// Many calls of one kernel, an input each: Cluster::map, starmap, parallel_for, map_reduce.
namespace gluster {

/// What becomes of a map when one of its items fails.
enum class OnError { stop, collect };

struct MapOptions {
  std::int64_t chunk = 0;            ///< items that travel together; 0: as many as take about a millisecond, measured as it goes
  OnError on_error = OnError::stop;  ///< stop: the first error ends the map; collect: every item is run
  std::int64_t window = 0;           ///< items that may be sent and not yet taken; 0: as many as 64 MiB of results hold
  int priority = 0;                  ///< calls of higher priority go first
};

/// One item of a map: its input's place, and its value or its error.
template <class R>
struct MapItem {
  std::size_t index = 0;
  std::optional<R> value;
  std::exception_ptr error;  ///< null when there is a value
  /// The value; throws the error.
  R& get() {
    if (error) std::rethrow_exception(error);
    return *value;
  }
};
template <>
struct MapItem<void> {
  std::size_t index = 0;
  std::exception_ptr error;
  void get() {
    if (error) std::rethrow_exception(error);
  }
};

namespace detail {

/// A kernel's failure at one item of a chunk.
struct ItemFailure {
  std::size_t item = 0;  ///< in the chunk
  std::string type;
  std::string message;
};

/// Items that travel together, and then their values.
class Chunk : public JobState {
 public:
  using JobState::JobState;
  std::size_t first = 0;
  std::uint32_t count = 0;
  std::shared_ptr<class TicketWord> draws;  ///< not null: whoever runs it draws them, and until then nobody knows which they are
  bool folded = false;                      ///< one value for all of them
  std::uint64_t bytes_held = 0;             ///< of its result, once it has ended
  std::shared_ptr<void> kept;
  std::vector<ItemFailure> failures;  ///< in order

  void open_value(Decoder& in) final;
  void goes_out(bool beside_master) final;
  /// They are these: it has been decided.
  void set_range(std::size_t its_first, std::uint32_t its_count);
  /// Once it has ended: makes its values whole; what went wrong with all of it is every item's error from now on.
  void close() noexcept;
  /// Null: it has a value.
  std::exception_ptr error_of(std::size_t item) const;
  bool has_failed() const noexcept { return error_ != nullptr || !failures.empty(); }

 protected:
  virtual void open_items(std::size_t count) = 0;
  virtual void open_item(Decoder& in, std::size_t item) = 0;

 private:
  std::exception_ptr error_;
};

template <class R>
class ChunkOf final : public Chunk {
 public:
  using Chunk::Chunk;
  static std::shared_ptr<Chunk> make(std::shared_ptr<Engine> engine) { return std::make_shared<ChunkOf>(std::move(engine)); }
  std::vector<std::optional<R>> values;

 private:
  void open_items(std::size_t items) override { values.resize(items); }
  void open_item(Decoder& in, std::size_t item) override { decode(in, values[item].emplace(fresh<R>())); }
};
template <>
class ChunkOf<void> final : public Chunk {
 public:
  using Chunk::Chunk;
  static std::shared_ptr<Chunk> make(std::shared_ptr<Engine> engine) { return std::make_shared<ChunkOf>(std::move(engine)); }

 private:
  void open_items(std::size_t) override {}
  void open_item(Decoder&, std::size_t) override {}
};

/// Writes the items of one chunk.
class ChunkWriter {
 public:
  ChunkWriter(const KernelEntry& kernel, std::size_t first, std::uint32_t fold, Encoder& out)
      : kernel_(&kernel), first_(first), fold_(fold), out_(&out) {}
  /// The next item's arguments: its own, then those of all. Throws UsageError that names the item.
  void add(std::span<const Argument> own, std::span<const Argument> common);
  /// All items at once: `count` indices from `begin` on.
  void add_indices(std::int64_t begin, std::uint32_t count, std::span<const Argument> common);
  /// The indices that were added stand for as many that are drawn: at the word at `tickets` in node memory, and a part in `shares` of what is left.
  void draw_indices(std::uint64_t tickets, std::uint32_t shares);
  std::uint32_t count() const noexcept { return count_; }
  /// Shared data that the items name.
  const std::vector<std::uint64_t>& objects() const noexcept { return objects_; }
  /// True when the chunk is large enough, whatever the number of its items.
  bool is_full() noexcept;
  void close();

 private:
  void begin(std::span<const Argument> own, std::span<const Argument> common);
  void note_objects(std::span<const Argument> arguments);

  const KernelEntry* kernel_;
  std::size_t first_;
  std::uint32_t fold_;
  Encoder* out_;
  std::uint32_t count_ = 0;
  std::vector<std::uint64_t> objects_;
  std::size_t segments_counted_ = 0;
  std::size_t segment_bytes_ = 0;
};

/// Where a map's items come from. One thread at a time.
class Inputs {
 public:
  virtual ~Inputs() = default;
  /// Writes the next items, `most` of them or fewer; none when there are no more. What the frame points into lives in what is returned.
  virtual std::shared_ptr<void> write(ChunkWriter& out, std::size_t most) = 0;
  /// How many there are still; -1: nobody knows.
  virtual std::int64_t remaining() const = 0;
  /// True when they may be written on any thread, one at a time: then chunks go out also while the owner of the map is busy with other things.
  virtual bool is_anyones() const = 0;
  /// How many indices they are; -1: they are none. Then any part of them may be written, in any order, whatever remaining() says.
  virtual std::int64_t indices() const { return -1; }
  virtual void write_indices(ChunkWriter& /*out*/, std::size_t /*first*/, std::uint32_t /*count*/) const {}
};

/// Throws UsageError where no item could be right.
void check_map(const KernelEntry& kernel, std::size_t own, std::span<const Argument> common, const Type& result);
/// True when indices of [begin, end) can be made where the kernel runs. Throws UsageError for such as its parameter cannot hold.
bool may_send_indices(const KernelEntry& kernel, std::int64_t begin, std::int64_t end, std::span<const Argument> common);

/// A map under way: hands out chunks as others end. One thread at a time.
class MapState {
 public:
  struct Parts {
    std::shared_ptr<Engine> engine;
    const KernelEntry* kernel;
    std::uint32_t fold;  ///< the kernel that makes one value of a chunk's, plus 1; 0: none
    std::unique_ptr<Inputs> inputs;
    std::shared_ptr<Chunk> (*make_chunk)(std::shared_ptr<Engine>);
    MapOptions options;
  };
  explicit MapState(Parts parts);
  /// Cancels what has not ended, and waits until nothing of the inputs is read any more.
  ~MapState();
  MapState(const MapState&) = delete;

  /// The next chunk that has ended, in the order of the inputs or as they come; null: there are no more.
  std::shared_ptr<Chunk> next(bool in_order);
  void cancel() noexcept;
  OnError on_error() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;  // callbacks have it too
};

/// An argument of all items. They are encoded again for each chunk, so it is kept whatever it is.
template <class T>
struct Copied {
  T value;
  template <class A>
  explicit Copied(A&& given) : value(std::forward<A>(given)) {}
  Argument pack() const { return argument(&value); }
};
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
  std::shared_ptr<void> write(ChunkWriter& out, std::size_t most) override {
    auto common = pack_all(common_);
    std::shared_ptr<void> kept;
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
      for (; out.count() < most && !out.is_full() && at_ != end_; step()) out.add(pack_all(stored->emplace_back(*at_).holders), common);
      kept = std::move(stored);
    }
    return kept;
  }
  std::int64_t remaining() const override { return remaining_; }
  bool is_anyones() const override { return kStays && std::ranges::contiguous_range<View>; }  // nothing of the user's runs

 private:
  template <std::size_t N>
  static void add(ChunkWriter& out, const Item& item, const std::array<Argument, N>& common) {
    out.add(pack_all(hold_all<kSpread>(item)), common);
  }
  void step() {
    ++at_;
    if (remaining_ > 0) --remaining_;
  }

  View view_;
  std::tuple<Common<C>...> common_;
  std::ranges::iterator_t<View> at_;
  std::ranges::sentinel_t<View> end_;
  std::int64_t remaining_ = -1;
};

/// Indices: nothing but two numbers a chunk is sent.
template <class... C>
class IndexInputs final : public Inputs {
 public:
  IndexInputs(std::int64_t begin, std::int64_t end, std::tuple<Common<C>...>&& common) : begin_(begin), end_(end), common_(std::move(common)) {}
  std::shared_ptr<void> write(ChunkWriter& out, std::size_t most) override {
    auto count = static_cast<std::uint32_t>(std::min(static_cast<std::int64_t>(most), remaining()));
    if (count == 0) return nullptr;
    write_indices(out, written_, count);
    written_ += count;
    return nullptr;
  }
  std::int64_t remaining() const override { return indices() - static_cast<std::int64_t>(written_); }
  bool is_anyones() const override { return true; }
  std::int64_t indices() const override { return end_ - begin_; }
  void write_indices(ChunkWriter& out, std::size_t first, std::uint32_t count) const override {
    out.add_indices(begin_ + static_cast<std::int64_t>(first), count, pack_all(common_));
  }

 private:
  const std::int64_t begin_, end_;
  std::size_t written_ = 0;
  std::tuple<Common<C>...> common_;
};

template <class T>
constexpr bool kIsIota = false;
template <std::signed_integral I>
constexpr bool kIsIota<std::ranges::iota_view<I, I>> = true;

}  // namespace detail

namespace detail {

/// A map's items one by one.
template <class R>
class MapRun {
 public:
  explicit MapRun(MapState::Parts parts) : state_(std::move(parts)) {}

  MapItem<R> item;  ///< after a step

  /// To the next; false: there are no more. With OnError::stop, an item that failed is the last.
  bool step(bool in_order) {
    while (!chunk_ || at_ == chunk_->count) {
      chunk_ = std::static_pointer_cast<ChunkOf<R>>(state_.next(in_order));
      if (!chunk_) return false;
      at_ = 0;
    }
    item.index = chunk_->first + at_;
    item.error = chunk_->error_of(at_);
    if constexpr (!std::is_void_v<R>) {
      if (item.error) item.value.reset();
      else item.value = std::move(chunk_->values[at_]);
    }
    ++at_;
    if (item.error && !first_error_) first_error_ = item.error;
    if (item.error && state_.on_error() == OnError::stop) cancel();
    return true;
  }
  /// To the next that has a value; in the end throws the first error there was.
  bool step_to_value() {
    while (step(true))
      if (!item.error) return true;
    if (first_error_) std::rethrow_exception(first_error_);
    return false;
  }
  void cancel() noexcept {
    state_.cancel();
    chunk_ = nullptr;
  }

 private:
  MapState state_;
  std::shared_ptr<ChunkOf<R>> chunk_;
  std::size_t at_ = 0;
  std::exception_ptr first_error_;
};

/// One pass over a MapRun, of which it is an owner: `for (auto& item : cluster.map<R>(…).items())` is sound.
template <class R, bool kValues>
class MapRange {
 public:
  MapRange(std::shared_ptr<MapRun<R>> run, bool in_order) : run_(std::move(run)), in_order_(in_order) {}
  class Iterator {
   public:
    using value_type = std::conditional_t<kValues, R, MapItem<R>>;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(MapRange& range) : range_(&range) { ++*this; }
    value_type& operator*() const {
      if constexpr (kValues) return *range_->run_->item.value;
      else return range_->run_->item;
    }
    Iterator& operator++() {
      is_there_ = kValues ? range_->run_->step_to_value() : range_->run_->step(range_->in_order_);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !is_there_; }

   private:
    MapRange* range_;
    bool is_there_ = false;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::shared_ptr<MapRun<R>> run_;
  bool in_order_;
};

}  // namespace detail

/// The results of a map, as they are wanted: in order, or as they come.
///
/// Work is handed out while its owner asks for results (in `get`, or going from one to the next), some always ahead; of indices and of contiguous ranges (vectors) also
/// while it does not. Dropping it cancels what has not been run. One pass, one thread. A range that was given as an lvalue must stay as it is meanwhile.
template <class R>
class [[nodiscard]] Map {
 public:
  using value_type = R;
  explicit Map(detail::MapState::Parts parts) : run_(std::make_shared<detail::MapRun<R>>(std::move(parts))) {}

  /// Waits for all: a vector of the values in order, or nothing for void. Throws the error of the first item that failed; with OnError::collect
  /// when all have been run.
  auto get() {
    if constexpr (std::is_void_v<R>) {
      while (run_->step_to_value()) continue;
    } else {
      std::vector<R> values;
      while (run_->step_to_value()) values.push_back(std::move(*run_->item.value));
      return values;
    }
  }
  /// Items in the order of the inputs: `for (auto& item : map.items()) use(item.get());`
  detail::MapRange<R, false> items() { return {run_, true}; }
  /// In the order in which they end.
  detail::MapRange<R, false> as_completed() { return {run_, false}; }
  /// Values in the order of the inputs: `for (double& value : map)`. Throws as `get` does.
  auto begin() requires(!std::is_void_v<R>) { return values_.emplace(run_, true).begin(); }
  std::default_sentinel_t end() const { return {}; }

  /// What has not been sent is not sent, and what comes is dropped; then there are no more items.
  void cancel() noexcept { run_->cancel(); }

 private:
  std::shared_ptr<detail::MapRun<R>> run_;
  std::optional<detail::MapRange<R, true>> values_;
};

}  // namespace gluster
