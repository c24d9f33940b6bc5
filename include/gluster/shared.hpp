#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include <gluster/arguments.hpp>
#include <gluster/error.hpp>
#include <gluster/operand.hpp>

namespace gluster {

class Engine;

namespace detail {

/// Shared data, as its handles have it in common.
class SharedState : public std::enable_shared_from_this<SharedState> {
 public:
  struct Parts {
    std::shared_ptr<Engine> engine;
    const Type* type;
    std::uint64_t object, offset;  ///< offset in node memory, or kNowhere
    std::span<std::byte> data;     ///< the master's
    std::shared_ptr<void> owner;   ///< of what does not lie in node memory
  };
  explicit SharedState(Parts parts);
  ~SharedState();
  SharedState(const SharedState&) = delete;

  const Type& type() const noexcept { return *parts_.type; }
  bool is_sealed() const noexcept { return sealed_.load(); }
  /// Throws UsageError when the cluster has ended: then the data is gone.
  std::span<std::byte> data() const;
  /// The same; throws UsageError also when it is sealed.
  std::span<std::byte> writable() const;
  void seal();
  /// Copies as many bytes as it has.
  void fill_and_seal(const void* from);
  SharedRef part(std::size_t begin, std::size_t bytes) const noexcept {
    return {parts_.object, parts_.offset == kNowhere ? kNowhere : parts_.offset + begin, begin, bytes};
  }

 private:
  Parts parts_;
  std::atomic<bool> sealed_ = false;
};

[[noreturn]] void refuse_part(std::size_t begin, std::size_t count, std::size_t size);
[[noreturn]] void refuse_size(std::size_t size, std::size_t element);
[[noreturn]] void refuse_unsealed();
[[noreturn]] void refuse_no_array();

}  // namespace detail

/// An array that lies once on every node; kernels read it in place.
///
/// Made by Cluster::share (filled) or Cluster::allocate (to be filled by the master, or by outputs of kernels, and then sealed). A kernel takes it, or a
/// part of it, as `std::span<const T>`; where the kernel asks for something else that holds a sequence it gets a copy. Handles are copied freely; the space is used again when
/// the last of them, and the last call that was given one, is gone. Thread-safe, but for the elements. Where a node has no room, each rank there that needs it keeps a copy.
template <class T>
class Shared {
 public:
  using value_type = T;

  /// Nothing.
  Shared() = default;
  explicit Shared(std::shared_ptr<detail::SharedState> state, std::size_t begin, std::size_t size)
      : state_(std::move(state)), begin_(begin), size_(size) {}

  /// Elements, not bytes.
  std::size_t size() const noexcept { return size_; }
  /// The master's view. Throws UsageError when the cluster has ended.
  std::span<const T> span() const { return elements(state_ ? state_->data() : std::span<std::byte>()); }
  /// The same, to be filled; its elements are indeterminate at first. Throws UsageError when it is sealed: runners may be reading it.
  std::span<T> writable() const { return elements(state_ ? state_->writable() : std::span<std::byte>()); }
  /// From now on it can be given to calls, and no longer be written: what was written through a span that is still held shows on some nodes and not on others.
  /// Sends it to the other nodes, in the background. Of a part: seals the whole. Throws UsageError while a call writes an output there.
  void seal() {
    if (state_) state_->seal();
  }
  bool is_sealed() const noexcept { return state_ && state_->is_sealed(); }
  /// `count` elements from `begin` on, as a handle of its own. Throws UsageError beyond the end.
  Shared part(std::size_t begin, std::size_t count) const {
    if (begin > size_ || count > size_ - begin) detail::refuse_part(begin, count, size_);
    return Shared(state_, begin_ + begin, count);
  }

 private:
  friend struct detail::Kept<Shared<T>>;
  std::span<T> elements(std::span<std::byte> bytes) const { return {reinterpret_cast<T*>(bytes.data()) + begin_, size_}; }

  std::shared_ptr<detail::SharedState> state_;
  std::size_t begin_ = 0, size_ = 0;
};

namespace detail {

template <class T>
struct Kept<Shared<T>> {
  Shared<T> value;
  SharedRef ref;
  explicit Kept(Shared<T> given) : value(std::move(given)) {
    if (!value.state_) refuse_no_array();
    if (!value.is_sealed()) refuse_unsealed();
    ref = value.state_->part(value.begin_ * sizeof(T), value.size_ * sizeof(T));
  }
  Argument pack() const {
    return {&value.state_->type(), &ref, [](Encoder& out, const void* it) { out.put(*static_cast<const SharedRef*>(it)); }, ArgumentKind::shared};
  }
};
template <class T>
constexpr bool kIsShared<Shared<T>> = true;

/// An output of a call: where its elements are wanted.
template <class T>
struct Into {
  std::span<T> place;
  SharedRef ref;
};
template <class T>
struct Kept<Into<T>> {
  Into<T> value;
  explicit Kept(Into<T> given) : value(given) {}
  Argument pack() const {
    return {&type_of<Output<T>>(), &value.ref, [](Encoder& out, const void* it) { out.put(*static_cast<const SharedRef*>(it)); },
            ArgumentKind::output};
  }
};

}  // namespace detail
}  // namespace gluster
