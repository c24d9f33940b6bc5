#include "mpi/sink.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <gluster/error.hpp>

namespace gluster::mpi {
namespace {

constexpr std::size_t kReal = std::size_t{2} << 20;

void* fail(const char* call) { throw Error(fmt::format("{} failed: {}", call, std::strerror(errno))); }

// The same `kReal` bytes of a file in memory, again and again.
void* map_again_and_again(int file, std::size_t bytes) {
  void* range = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return fail("mmap");
  for (std::size_t at = 0; at < bytes; at += kReal)
    if (::mmap(static_cast<std::byte*>(range) + at, kReal, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
      return fail("mmap");
  return range;
}

}  // namespace

Sink::Sink(std::size_t bytes) : bytes_((bytes + kReal - 1) / kReal * kReal) {
  int file = ::memfd_create("gluster-sink", MFD_CLOEXEC);
  if (file < 0) fail("memfd_create");
  data_ = ::ftruncate(file, kReal) == 0 ? map_again_and_again(file, bytes_) : fail("ftruncate");
  ::close(file);
}

Sink::~Sink() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace gluster::mpi
