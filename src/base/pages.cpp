#include "base/pages.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace gluster::base {
namespace {

constexpr std::uintptr_t kLarge = std::uintptr_t{2} << 20;

// Bytes of pages that are not there yet.
std::size_t missing(std::byte* data, std::size_t bytes) {
  auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<std::uintptr_t>(data) / page * page;
  std::size_t pages = (reinterpret_cast<std::uintptr_t>(data) + bytes - begin + page - 1) / page;
  std::vector<unsigned char> is_there(pages);
  if (::mincore(reinterpret_cast<void*>(begin), pages * page, is_there.data()) != 0) return bytes;
  return page * static_cast<std::size_t>(std::count_if(is_there.begin(), is_there.end(), [](unsigned char one) { return (one & 1) == 0; }));
}

// In large pages, where the system can (since Linux 6.1 also in shared memory, whatever its settings, where the mapping lies on their bounds): they are there
// sooner, each process's first touch of them costs little, and kernels miss fewer addresses (`bench/run head`: in place / alone).
void make_large_pages(std::byte* data, std::size_t bytes) {
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, which older headers do not have
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kLarge - 1) / kLarge * kLarge;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kLarge * kLarge;
  if (begin >= end) return;
  for (std::uintptr_t page = begin; page < end; page += kLarge)  // what has no page at all is not collapsed
    if (::madvise(reinterpret_cast<void*>(page), 1, MADV_POPULATE_WRITE) != 0) return;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, kCollapse);
}

// Of pages of which so many bytes are not there yet.
bool make_pages(std::byte* data, std::size_t bytes, std::size_t more) {
  if (more != 0) make_large_pages(data, bytes);
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

}  // namespace

bool reserve_pages(std::byte* data, std::size_t bytes) { return bytes == 0 || make_pages(data, bytes, missing(data, bytes)); }

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
  return make_pages(data, bytes, more);
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
  // The most that glibc would choose by itself. Whoever sets one of the two has it choose neither any more: left alone, the other stays where it is, and every block of 128 KiB is mapped anew.
  constexpr int kLeast = 64 << 10, kUsual = 64 << 20, kUsualMapped = 32 << 20;
  ::mallopt(M_TRIM_THRESHOLD, kLeast);
  void* volatile chunk = std::malloc(kLeast + (32 << 10));  // volatile: the compiler would take both calls out
  std::free(chunk);                                         // a chunk of this size has the end looked at, wherever it lay
  ::mallopt(M_TRIM_THRESHOLD, kUsual);
  ::mallopt(M_MMAP_THRESHOLD, kUsualMapped);
}

namespace {

struct Mapping {
  std::uintptr_t begin = 0, end = 0, offset = 0;  // of the file
  bool is_shared = false;
};

// "begin-end permissions offset …", in hexadecimal.
Mapping mapping_of(std::uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Mapping one;
    char shared = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*c%*c%*c%c %" SCNxPTR, &one.begin, &one.end, &shared, &one.offset) != 4) continue;
    one.is_shared = shared == 's';
    if (address >= one.begin && address < one.end) return one;
  }
  return {};
}

}  // namespace

LargePagesView::LargePagesView(std::span<std::byte> data) : bytes_(data) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(data.data()) / page * page, end = reinterpret_cast<std::uintptr_t>(data.data()) + data.size();
  const std::size_t size = (end - begin + page - 1) / page * page;
  if (data.size() < kLarge || free_address_space() / 4 < size) return;
  const Mapping mapping = mapping_of(begin);
  const std::uintptr_t in_file = mapping.offset + (begin - mapping.begin);
  if (!mapping.is_shared || mapping.end < end || (begin - in_file) % kLarge == 0) return;
  void* const room = ::mmap(nullptr, size + kLarge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return;
  addresses_ = {static_cast<std::byte*>(room), size + kLarge};
  std::byte* const place = addresses_.data() + (in_file - reinterpret_cast<std::uintptr_t>(room)) % kLarge;
  // Of a size of 0 a shared mapping is doubled, and not moved. Past libc: UCX up to 1.13 puts itself before its mremap, and loses the last argument.
  if (::syscall(SYS_mremap, begin, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) != reinterpret_cast<long>(place)) {
    // The middle may be somebody else's already: the system unmaps it before it knows whether it can.
    if (place != addresses_.data()) ::munmap(addresses_.data(), static_cast<std::size_t>(place - addresses_.data()));
    ::munmap(place + size, static_cast<std::size_t>(addresses_.data() + addresses_.size() - (place + size)));
    addresses_ = {};
    return;
  }
  bytes_ = {place + (reinterpret_cast<std::uintptr_t>(data.data()) - begin), data.size()};
}

LargePagesView::~LargePagesView() {
  if (!addresses_.empty()) ::munmap(addresses_.data(), addresses_.size());
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
