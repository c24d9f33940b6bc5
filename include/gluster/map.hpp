#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/chunk.hpp>
#include <gluster/inputs.hpp>

/// Many calls of one kernel, an input each: Cluster::map, starmap, parallel_for, map_reduce.
namespace gluster {

/// What becomes of a map when one of its items fails.
enum class OnError { stop, collect };

struct MapOptions {
  std::int64_t chunk = 0;  ///< items that travel together; 0: as many as take about a millisecond, measured as it goes
  OnError on_error =
      OnError::stop;        ///< stop: the first error ends the map; collect: every item is run. An exception of the range of inputs ends it always
  std::int64_t window = 0;  ///< items that may be sent and not yet taken; 0: as many as 64 MiB of results hold, and a chunk a worker
  int priority = 0;         ///< calls of higher priority go first
  /// A file that keeps the values: a later start runs only what is missing in it. An item is given out when it is on disk. Empty: Options::journal, if that is set. A journal of
  /// another kernel or version of it, or of other inputs, is a UsageError, as one that another process has. Ranges are read twice, where that can be done.
  std::filesystem::path journal = {};
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

/// Throws UsageError where no item could be right.
void check_map(const KernelEntry& kernel, std::size_t own, std::span<const Argument> common, const Type& result, const MapOptions& options);
/// True when they can be made where the kernel runs.
bool may_send_indices(const KernelEntry& kernel, const Indices& indices, std::span<const Argument> common);
/// True when elements of shared data, of the type of `any`, can be the kernel's first arguments as they lie there.
bool may_send_elements(const KernelEntry& kernel, const Argument& any, std::span<const Argument> common);

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
    std::shared_ptr<Journaled> journal = nullptr;  ///< null: none is wanted
    bool each_input = false;                       ///< it has a digest of each: the inputs can be read only once
  };
  explicit MapState(Parts parts);
  /// Cancels what has not ended, and waits until nothing of the inputs is read any more.
  ~MapState();
  MapState(const MapState&) = delete;

  /// The next chunk that has ended, in the order of the inputs or as they come; null: there are no more.
  std::shared_ptr<Chunk> next(bool in_order);
  void cancel() noexcept;
  OnError on_error() const noexcept;
  /// Null: there is none.
  const Journaled* journal() const noexcept;
  /// A chunk of one item that the journal has.
  std::shared_ptr<Chunk> known(std::size_t index) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // callbacks have it too
};

/// A map's items one by one.
template <class R>
class MapRun {
 public:
  explicit MapRun(MapState::Parts parts) : state_(std::move(parts)) {}

  MapItem<R> item;  ///< after a step

  /// To the next; false: there are no more. With OnError::stop, an item that failed is the last.
  bool step(bool in_order) {
    if (step_to_known(in_order)) return true;
    while (!chunk_ || at_ == chunk_->count) {
      chunk_ = std::static_pointer_cast<ChunkOf<R>>(state_.next(in_order));
      if (!chunk_) return false;
      at_ = 0;
    }
    take(*chunk_, at_++);
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
    known_left_ = 0;
  }

 private:
  void take(ChunkOf<R>& chunk, std::size_t at) {
    item.index = chunk.index_of(at);
    item.error = chunk.error_of(at);
    if constexpr (!std::is_void_v<R>) {
      if (item.error) item.value.reset();
      else item.value = std::move(chunk.values[at]);
    }
    next_ = item.index + 1;
  }
  // To an item whose value is known: in its turn, or ahead of all others.
  bool step_to_known(bool in_order) {
    if (known_left_ == 0) return false;
    std::size_t index = state_.journal()->known(state_.journal()->size() - known_left_);
    if (in_order && index != next_) return false;
    --known_left_;
    take(static_cast<ChunkOf<R>&>(*state_.known(index)), 0);
    return true;
  }

  MapState state_;
  std::size_t known_left_ = state_.journal() == nullptr ? 0 : state_.journal()->size();
  std::size_t next_ = 0;
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
