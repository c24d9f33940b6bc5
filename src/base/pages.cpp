#include "base/pages.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace gluster::base {

bool reserve_pages(std::byte* data, std::size_t bytes) {
  if (bytes == 0) return true;
  auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<std::uintptr_t>(data) / page * page;
  std::size_t size = reinterpret_cast<std::uintptr_t>(data) + bytes - begin;
  int done = 0;
  do done = ::madvise(reinterpret_cast<void*>(begin), size, MADV_POPULATE_WRITE);
  while (done != 0 && errno == EINTR);
  if (done == 0 || errno == EINVAL) return true;
  ::madvise(reinterpret_cast<void*>(begin), size, MADV_REMOVE);  // what came before the end of them is for others
  return false;
}

std::size_t free_shared_memory() {
  struct statvfs about {};
  if (::statvfs("/dev/shm", &about) != 0) return 0;
  return about.f_bavail * about.f_frsize;
}

void trim_arena_of_this_thread() {
  constexpr int kLeast = 64 << 10, kUsual = 64 << 20;  // the most that glibc would choose by itself
  ::mallopt(M_TRIM_THRESHOLD, kLeast);
  void* volatile chunk = std::malloc(kLeast + (32 << 10));  // volatile: the compiler would take both calls out
  std::free(chunk);                                         // a chunk of this size has the end looked at, wherever it lay
  ::mallopt(M_TRIM_THRESHOLD, kUsual);
}

OwnPages::OwnPages(std::size_t bytes) {
  if (bytes == 0) return;
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data != MAP_FAILED) bytes_ = {static_cast<std::byte*>(data), bytes};
}

OwnPages::~OwnPages() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace gluster::base
