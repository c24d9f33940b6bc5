#include "mpi/node_memory.hpp"

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>

#include "base/log.hpp"
#include "mpi/baton.hpp"
#include "mpi/check.hpp"

namespace gluster::mpi {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSlack = std::size_t{1} << 20;  // what MPI wants beside it

// Where Open MPI 4 and 5 make their windows. One that cannot be made leaves the other ranks of the node waiting for ever, so it is asked first.
bool is_room_for(std::size_t bytes) {
  struct statvfs about {};
  if (::statvfs("/dev/shm", &about) != 0) return false;
  return about.f_bavail * about.f_frsize >= bytes + kSlack;
}

// False when the pages are not there. A system older than Linux 5.14 cannot say.
bool reserve(std::byte* data, std::size_t bytes) {
  auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<std::uintptr_t>(data) / page * page;
  std::size_t size = reinterpret_cast<std::uintptr_t>(data) + bytes - begin;
  return ::madvise(reinterpret_cast<void*>(begin), size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

}  // namespace

NodeMemory::NodeMemory(const Communicator& comm, const std::function<std::size_t(const std::vector<int>&)>& bytes_for)
    : unwinding_(std::uncaught_exceptions()) {
  std::lock_guard lock(baton_of_process());
  check(MPI_Comm_split_type(comm.handle(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &node_), "MPI_Comm_split_type");
  check(MPI_Comm_set_errhandler(node_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  int size = 0, rank = comm.rank();
  check(MPI_Comm_size(node_, &size), "MPI_Comm_size");
  ranks_.resize(static_cast<std::size_t>(size));
  check(MPI_Allgather(&rank, 1, MPI_INT, ranks_.data(), 1, MPI_INT, node_), "MPI_Allgather");
  std::size_t bytes = bytes_for(ranks_);
  if (!all(bytes != 0)) return;
  if (all(is_room_for(bytes)) && all(allocate(bytes))) return;
  data_ = nullptr;
  base::log().info("no memory to share between the {} ranks of this node: their messages go through MPI", size);
}

// Of the node's ranks.
bool NodeMemory::all(bool mine) const {
  int here = mine ? 1 : 0, everywhere = 0;
  check(MPI_Allreduce(&here, &everywhere, 1, MPI_INT, MPI_MIN, node_), "MPI_Allreduce");
  return everywhere != 0;
}

NodeMemory::~NodeMemory() {
  if (std::uncaught_exceptions() > unwinding_) return;
  std::lock_guard lock(baton_of_process());
  if (window_ != MPI_WIN_NULL && MPI_Win_free(&window_) != MPI_SUCCESS) base::log().warn("MPI_Win_free failed");
  if (node_ != MPI_COMM_NULL && MPI_Comm_free(&node_) != MPI_SUCCESS) base::log().warn("MPI_Comm_free failed");
}

// The leader owns all of it.
bool NodeMemory::allocate(std::size_t bytes) {
  int self = 0, unit = 0;
  check(MPI_Comm_rank(node_, &self), "MPI_Comm_rank");
  void* base = nullptr;
  MPI_Aint size = self == 0 ? static_cast<MPI_Aint>(bytes + kAlignment) : 0;
  if (MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, node_, &base, &window_) != MPI_SUCCESS) {
    window_ = MPI_WIN_NULL;
    return false;
  }
  if (MPI_Win_shared_query(window_, 0, &size, &unit, &base) != MPI_SUCCESS || size < static_cast<MPI_Aint>(bytes + kAlignment)) return false;
  auto address = reinterpret_cast<std::uintptr_t>(base);
  data_ = static_cast<std::byte*>(base) + (kAlignment - address % kAlignment) % kAlignment;
  if (self != 0) return true;
  if (!reserve(data_, bytes)) return false;
  std::memset(data_, 0, bytes);
  return true;
}

}  // namespace gluster::mpi
