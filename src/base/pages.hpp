#pragma once
#include <cstddef>
#include <span>

namespace gluster::base {

inline constexpr std::size_t kPage = 4096;  // bytes: of the small ones

// Makes sure that pages are there: shared memory that is promised but cannot be had is a SIGBUS at first touch. False when they are not. A system older than
// Linux 5.14 cannot say.
bool reserve_pages(std::byte* data, std::size_t bytes);

// The same in /dev/shm, of which some is left to others: MPI's own segments lie there too, and touch their pages when they come to it.
bool reserve_shared_pages(std::byte* data, std::size_t bytes);

// Gives pages of shared memory back to the system, and what they hold is lost: for all processes. `data` begins and ends with a page.
void drop_shared_pages(std::span<std::byte> data);

// Bytes that /dev/shm has free: where MPI makes its windows.
std::size_t free_shared_memory();

// Bytes that this process may still map (ulimit -v); without a limit more than there is memory.
std::size_t free_address_space();

// Gives back what malloc keeps at the end of this thread's arena, which malloc_trim leaves there (glibc 2.36): tens of MiB after large blocks.
void trim_arena_of_this_thread();

// The same shared memory once more, at addresses at which it can have large pages: these must lie to their bounds as the file does, and who has mapped it may not have seen to that.
class LargePagesView {
 public:
  explicit LargePagesView(std::span<std::byte> data);
  ~LargePagesView();
  LargePagesView(const LargePagesView&) = delete;
  // `data` itself where that can have them, or nothing else can be had.
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_;
  std::span<std::byte> addresses_;  // empty: no others
};

// Memory of this process alone, for what would lie in shared memory elsewhere: only promised, as that is.
class OwnPages {
 public:
  explicit OwnPages(std::size_t bytes);
  ~OwnPages();
  OwnPages(const OwnPages&) = delete;
  // Empty: not even an address was to be had.
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace gluster::base
