#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <gluster/arguments.hpp>

/// What a map and its journal say to each other.
namespace gluster {
class Engine;
namespace data {
class MapJournal;
}
}  // namespace gluster

namespace gluster::detail {

class Chunk;

/// What a map is over, for its journal: all items and what they have in common. One thread.
class InputsDigest {
 public:
  explicit InputsDigest(Engine& engine);
  ~InputsDigest();
  InputsDigest(const InputsDigest&) = delete;
  /// The arguments of one item, or those that all have in common.
  void add(std::span<const Argument> arguments);
  void add(std::string_view kind, std::span<const std::byte> bytes);
  std::string finish();
  /// The beginning of one item's alone.
  static std::uint64_t of_item(std::span<const Argument> own);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A map's part of a journal: items that it had when the map began are known, and not run again. Thread-safe, but for `open`: one thread.
class Journaled {
 public:
  explicit Journaled(std::shared_ptr<data::MapJournal> map) : map_(std::move(map)) {}

  /// How many are known.
  std::size_t size() const;
  bool has(std::size_t index) const;
  /// Of those that are known, in order, the n-th; of those that are not, the one at `position`.
  std::size_t known(std::size_t nth) const;
  std::size_t missing(std::size_t position) const;
  /// Makes `chunk` one of this item alone, with its value.
  void open(std::size_t index, Chunk& chunk) const;
  /// Throws UsageError where the input is another one than it was.
  void expect_input(std::size_t index, std::uint64_t input) const;

  /// Adds the values that a chunk has. Returns a number that saved() reaches when they are on disk. Throws Error when the disk refuses.
  std::uint64_t add(const Chunk& chunk);
  std::uint64_t saved() const;
  void hurry();
  /// `told` is called on another thread when more is, until it says false.
  void on_disk(std::function<bool()> told);
  /// How far it is, for who looks on.
  void tell(std::uint64_t done, std::uint64_t failed, double seconds, const std::string& runners);

 private:
  std::shared_ptr<data::MapJournal> map_;
};

}  // namespace gluster::detail
