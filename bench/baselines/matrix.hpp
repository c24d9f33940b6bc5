// Memory of a matrix, in large pages where the system has them on request (transparent huge pages, "madvise"): on virtual machines a product
// of 4096 misses many addresses in small ones. Gluster asks for them for what it receives; so does whoever multiplies by hand.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace baselines {

template <class T>
struct LargePages {
  using value_type = T;
  LargePages() = default;
  template <class U>
  LargePages(const LargePages<U>&) noexcept {}  // NOLINT(google-explicit-constructor): allocators are made of one another

  static constexpr std::size_t kPage = std::size_t{2} << 20;
  static constexpr bool is_worth(std::size_t count) { return count * sizeof(T) >= 2 * kPage; }
  static constexpr std::align_val_t alignment(std::size_t count) { return std::align_val_t{is_worth(count) ? kPage : 64}; }

  T* allocate(std::size_t count) {
    void* const data = ::operator new(count * sizeof(T), alignment(count));
    if (is_worth(count)) ::madvise(data, count * sizeof(T), MADV_HUGEPAGE);
    return static_cast<T*>(data);
  }
  void deallocate(T* data, std::size_t count) noexcept { ::operator delete(data, alignment(count)); }
  friend bool operator==(const LargePages&, const LargePages&) { return true; }
};

template <class T>
using Matrix = std::vector<T, LargePages<T>>;

}  // namespace baselines
