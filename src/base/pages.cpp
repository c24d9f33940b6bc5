#include "base/pages.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

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

namespace {

// Bytes of pages that are not there yet.
std::size_t missing(std::byte* data, std::size_t bytes) {
  auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<std::uintptr_t>(data) / page * page;
  std::size_t pages = (reinterpret_cast<std::uintptr_t>(data) + bytes - begin + page - 1) / page;
  std::vector<unsigned char> is_there(pages);
  if (::mincore(reinterpret_cast<void*>(begin), pages * page, is_there.data()) != 0) return bytes;
  return page * static_cast<std::size_t>(std::count_if(is_there.begin(), is_there.end(), [](unsigned char one) { return (one & 1) == 0; }));
}

}  // namespace

bool reserve_shared_pages(std::byte* data, std::size_t bytes) {
  constexpr std::size_t kMostLeft = std::size_t{256} << 20;
  if (bytes == 0) return true;
  std::size_t more = missing(data, bytes);
  struct statvfs about {};
  if (more != 0 && ::statvfs("/dev/shm", &about) == 0) {
    std::size_t all = about.f_blocks * about.f_frsize, free = about.f_bavail * about.f_frsize;
    std::size_t left = std::min(all / 8 * 3, kMostLeft);
    if (free < left || more > free - left) return false;
  }
  return reserve_pages(data, bytes);
}

void drop_shared_pages(std::span<std::byte> data) {
  if (!data.empty()) ::madvise(data.data(), data.size(), MADV_REMOVE);
}

std::size_t free_address_space() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return ~std::size_t{0} / 2;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const std::size_t mapped = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
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
