#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/job.hpp>
#include <gluster/journaled.hpp>

/// Items of a map that travel together.
namespace gluster::wire {
enum class Items : std::uint32_t;
}

namespace gluster::detail {

/// A kernel's failure at one item of a chunk.
struct ItemFailure {
  std::size_t item = 0;  ///< in the chunk
  std::string type;
  std::string message;
};

/// Where an item begins in a frame, and the one before ends.
struct ItemPlace {
  std::size_t body, segments;
};

/// Items that travel together, and then their values.
class Chunk : public JobState {
 public:
  using JobState::JobState;
  std::size_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t asked = 0;                  ///< as many were to be run
  std::uint32_t left = 0;                   ///< items after these that were sent along and not run: they took too long
  std::vector<ItemPlace> places;            ///< of items that travel as they are, one more than there are
  std::shared_ptr<class TicketWord> draws;  ///< not null: whoever runs it draws them, and until then nobody knows which they are
  bool folded = false;                      ///< one value for all of them
  std::uint64_t bytes_held = 0;             ///< of its result, once it has ended
  std::shared_ptr<void> kept;
  std::vector<ItemFailure> failures;         ///< in order
  std::shared_ptr<const Journaled> journal;  ///< not null: its items are those that were not known when the map began
  std::vector<std::uint64_t> inputs;         ///< digests of its items, where the journal wants them

  void open_value(Decoder& in) final;
  void goes_out(bool beside_master) final;
  /// They are these: it has been decided.
  void set_range(std::size_t its_first, std::uint32_t its_count);
  /// An item that was never sent, since it cannot be.
  void set_error(std::size_t item, std::exception_ptr error);
  /// Once it has ended: makes its values whole; what went wrong with all of it is every item's error from now on.
  void close() noexcept;
  /// Null: it has a value.
  std::exception_ptr error_of(std::size_t item) const;
  bool has_failed() const noexcept { return error_ != nullptr || !failures.empty(); }
  /// None of it was run, since nobody wanted it any more.
  bool was_cancelled() const noexcept;
  /// The input's place, of an item of this chunk.
  std::size_t index_of(std::size_t item) const { return journal ? journal->missing(first + item) : first + item; }
  /// Makes it a chunk of this item alone, from a value that was kept.
  void restore(std::size_t index, Decoder& in);
  /// The value of an item that has one, borrowed.
  virtual void encode_item(Encoder& out, std::size_t item) const = 0;

 protected:
  virtual void open_items(std::size_t count) = 0;
  virtual void open_item(Decoder& in, std::size_t item) = 0;

 private:
  std::exception_ptr error_;
};

template <class R>
class ChunkOf : public Chunk {
 public:
  using Chunk::Chunk;
  static std::shared_ptr<Chunk> make(std::shared_ptr<Engine> engine) { return std::make_shared<ChunkOf>(std::move(engine)); }
  std::vector<std::optional<R>> values;
  void encode_item(Encoder& out, std::size_t item) const override { encode(out, *values[item]); }

 protected:
  void open_items(std::size_t items) override { values.resize(items); }
  void open_item(Decoder& in, std::size_t item) override { decode(in, values[item].emplace(fresh<R>())); }
};
template <>
class ChunkOf<void> final : public Chunk {
 public:
  using Chunk::Chunk;
  static std::shared_ptr<Chunk> make(std::shared_ptr<Engine> engine) { return std::make_shared<ChunkOf>(std::move(engine)); }
  void encode_item(Encoder&, std::size_t) const override {}

 private:
  void open_items(std::size_t) override {}
  void open_item(Decoder&, std::size_t) override {}
};

/// Writes the items of one chunk.
class ChunkWriter {
 public:
  /// `patience`: after so long it ends with the item that runs; zero: never.
  ChunkWriter(const KernelEntry& kernel, std::size_t first, std::uint32_t fold, std::chrono::nanoseconds patience, Encoder& out)
      : kernel_(&kernel), first_(first), fold_(fold), patience_(patience), out_(&out) {}
  /// The next item's arguments: its own, then those of all. Where they cannot be sent the chunk ends before it, and error() tells why. Throws UsageError where no
  /// item of these types can.
  void add(std::span<const Argument> own, std::span<const Argument> common);
  /// All items at once: `count` indices from `begin` on.
  void add_indices(std::int64_t begin, std::uint32_t count, std::span<const Argument> common);
  /// All items at once: `count` elements of shared data from `from` on. `any` is an argument of their type.
  void add_elements(const SharedRef& of, const Argument& any, std::int64_t from, std::uint32_t count, std::span<const Argument> common);
  /// What was added at once stands for as many that are drawn: at the word at `tickets` in node memory, and a part in `shares` of what is left.
  void draw(std::uint64_t tickets, std::uint32_t shares);
  /// `count` items of a chunk that was written before and outlives this one's frame, from `item` on.
  void repeat(const Chunk& chunk, std::uint32_t item, std::uint32_t count);
  /// Making its items should take no longer.
  void set_deadline(Clock::time_point deadline) noexcept { deadline_ = deadline; }
  /// Every item's digest is wanted.
  void want_inputs() noexcept { wants_inputs_ = true; }
  std::vector<std::uint64_t>&& take_inputs() noexcept { return std::move(inputs_); }
  /// What its frame points into.
  void keep(std::shared_ptr<void> kept) noexcept { kept_ = std::move(kept); }
  const std::shared_ptr<void>& kept() const noexcept { return kept_; }

  std::uint32_t count() const noexcept { return count_; }
  std::exception_ptr error() const noexcept { return error_; }
  std::vector<ItemPlace>&& take_places() noexcept { return std::move(places_); }
  /// Shared data that the items name.
  const std::vector<std::uint64_t>& objects() const noexcept { return objects_; }
  /// True when the chunk is large enough, whatever the number of its items, and where no more can follow.
  bool is_full() noexcept;
  void close();

 private:
  void begin(std::span<const Argument> own, std::span<const Argument> common);
  void add_numbers(wire::Items items, std::int64_t from, std::uint32_t count, std::span<const Argument> own, std::span<const Argument> common);
  void note_objects(std::span<const Argument> arguments);

  const KernelEntry* kernel_;
  std::size_t first_;
  std::uint32_t fold_;
  std::chrono::nanoseconds patience_;
  Encoder* out_;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::shared_ptr<void> kept_;
  std::exception_ptr error_;
  std::vector<ItemPlace> places_;
  std::uint32_t count_ = 0;
  std::vector<std::uint64_t> objects_;
  std::size_t segments_counted_ = 0;
  std::size_t segment_bytes_ = 0;
  bool wants_inputs_ = false;
  std::vector<std::uint64_t> inputs_;
};

}  // namespace gluster::detail
