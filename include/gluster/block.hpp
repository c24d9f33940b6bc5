#pragma once
#include <sys/mman.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/error.hpp>

namespace gluster {

namespace detail {

inline constexpr std::size_t kLargePage = std::size_t{2} << 20;

/// Asks the system for large pages where `bytes` of fresh memory lie: a first touch then costs a fifth, and MPI's copy out of it to another
/// process half (measured on 64 MiB). Where it has none, nothing changes.
inline void prefer_large_pages(void* data, std::size_t bytes) noexcept {
  auto begin = (reinterpret_cast<std::uintptr_t>(data) + kLargePage - 1) / kLargePage * kLargePage;
  auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kLargePage * kLargePage;
  if (end > begin + kLargePage) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace detail

/// Where Blocks get their memory: large pieces are kept when freed and given out again, still warm.
///
/// (Touching fresh pages costs a 64 MiB receive three quarters of its bandwidth.) One a process, as malloc is; a plugin
/// shares its process's. Thread-safe. Pieces are aligned to 64 bytes and are not zero-filled.
class GLUSTER_PUBLIC BlockPool {
 public:
  static BlockPool& of_process() {
    static BlockPool& pool = *new BlockPool;  // for ever: a static Block may outlive every destructor that could run here
    return pool;
  }

  /// Throws std::bad_alloc. The piece goes back with `give`, with the same `bytes`.
  void* take(std::size_t bytes) {
    if (bytes < kSmallestKept) return allocate(bytes);
    {
      std::lock_guard lock(mutex_);
      for (std::size_t at = kept_.size(); at-- > 0;)
        if (kept_[at].bytes == rounded(bytes)) return remove(at);
      while (!kept_.empty() && kept_bytes_ + bytes > kMostKept) std::free(remove(0));
    }
    return allocate(bytes);
  }

  void give(void* piece, std::size_t bytes) noexcept {
    if (bytes >= kSmallestKept) {
      std::lock_guard lock(mutex_);
      used_ = Clock::now();
      if (kept_.size() < kept_.capacity()) {
        kept_.push_back({piece, rounded(bytes)});
        kept_bytes_ += rounded(bytes);
        return;
      }
    }
    std::free(piece);
  }

  /// Gives all kept pieces back to the system if none came or went for so long. True if there were any.
  bool trim(std::chrono::nanoseconds unused_for = {}) noexcept {
    std::lock_guard lock(mutex_);
    if (kept_.empty() || Clock::now() - used_ < unused_for) return false;
    while (!kept_.empty()) std::free(remove(kept_.size() - 1));
    return true;
  }

 private:
  struct Piece {
    void* data;
    std::size_t bytes;
  };
  static constexpr std::size_t kSmallestKept = std::size_t{64} << 10;
  // A new size first pushes out what is kept beyond this, so memory follows the largest block, not the sum of sizes.
  static constexpr std::size_t kMostKept = std::size_t{256} << 20;
  static constexpr std::size_t kMostPieces = 64;

  using Clock = std::chrono::steady_clock;

  BlockPool() { kept_.reserve(kMostPieces); }

  static std::size_t rounded(std::size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

  static void* allocate(std::size_t bytes) {
    // Never zero bytes, so that a Block's data is never null.
    std::size_t size = bytes < kSmallestKept ? (bytes + 64) / 64 * 64 : rounded(bytes);
    std::size_t alignment = size < kSmallestKept ? 64 : size < 2 * detail::kLargePage ? 4096 : detail::kLargePage;
    void* piece = nullptr;
    if (size < bytes || ::posix_memalign(&piece, alignment, size) != 0) throw std::bad_alloc();
    detail::prefer_large_pages(piece, size);
    return piece;
  }

  void* remove(std::size_t at) noexcept {
    Piece piece = kept_[at];
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(at));
    kept_bytes_ -= piece.bytes;
    return piece.data;
  }

  std::mutex mutex_;
  std::vector<Piece> kept_;
  std::size_t kept_bytes_ = 0;
  Clock::time_point used_{};
};

/// An owning array that is not zero-filled and whose memory is used again: the fastest thing for a kernel to return.
///
/// Move-only. Elements are indeterminate until written. Aligned to 64 bytes. Not thread-safe itself; its memory comes
/// from the process's BlockPool, which is.
template <class T>
class Block {
  static_assert(std::is_trivially_copyable_v<T>, "gluster::Block<T>: T must be trivially copyable");

 public:
  using value_type = T;

  Block() = default;
  /// `size` elements; throws std::bad_alloc.
  explicit Block(std::size_t size) : data_(static_cast<T*>(BlockPool::of_process().take(checked_bytes(size)))), size_(size) {}
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Block() {
    if (data_ != nullptr) BlockPool::of_process().give(data_, size_ * sizeof(T));
  }

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  /// Elements, not bytes.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t at) noexcept { return data_[at]; }
  const T& operator[](std::size_t at) const noexcept { return data_[at]; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  operator std::span<T>() noexcept { return {data_, size_}; }
  operator std::span<const T>() const noexcept { return {data_, size_}; }

 private:
  static std::size_t checked_bytes(std::size_t size) {
    if (size > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    return size * sizeof(T);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gluster
