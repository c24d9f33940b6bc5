#include "mpi/node_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>

#include "base/log.hpp"
#include "base/pages.hpp"
#include "mpi/baton.hpp"
#include "mpi/check.hpp"

namespace gluster::mpi {
namespace {

using base::kPage;

// What MPI wants beside it: Open MPI 4 refuses a file that leaves less than a twentieth of its size.
std::size_t without_slack(std::size_t free) {
  std::size_t slack = (std::size_t{1} << 20) + free / 16;
  return free > slack ? free - slack : 0;
}

std::size_t in_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

NodeMemory::NodeMemory(const Communicator& comm, const Wanted& wanted) : unwinding_(std::uncaught_exceptions()) {
  std::lock_guard lock(baton_of_process());
  check(MPI_Comm_split_type(comm.handle(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &node_), "MPI_Comm_split_type");
  check(MPI_Comm_set_errhandler(node_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  int size = 0, rank = comm.rank();
  check(MPI_Comm_size(node_, &size), "MPI_Comm_size");
  ranks_.resize(static_cast<std::size_t>(size));
  check(MPI_Allgather(&rank, 1, MPI_INT, ranks_.data(), 1, MPI_INT, node_), "MPI_Allgather");
  if (!all(wanted.any)) return;
  // One that cannot be made leaves the other ranks of the node waiting for ever in Open MPI 4 and 5, so it is asked first.
  std::size_t mail = in_pages(wanted.bytes_for_mail(ranks_)), room = without_slack(base::free_shared_memory());
  room = std::min<std::size_t>(room, least(base::free_address_space() / 2));  // all ranks map all of it
  std::uint64_t most = wanted.bytes_for_data.value_or(base::free_shared_memory() / 2);
  bool is_room = from_leader(room >= mail) != 0;
  room -= std::min(room, mail);
  std::size_t parcels = from_leader(std::min(wanted.bytes_for_parcels(ranks_), room / 16)) / kPage * kPage;
  std::size_t data = from_leader(std::min<std::uint64_t>(most, room - std::min(room, parcels))) / kPage * kPage;
  if (is_room && mail + data != 0 && all(allocate(mail, data, parcels))) return;
  mail_ = nullptr;
  data_ = parcels_ = {};
  base::log().info("no memory to share between the {} ranks of this node: their messages go through MPI", size);
}

// Of the node's ranks.
bool NodeMemory::all(bool mine) const {
  int here = mine ? 1 : 0, everywhere = 0;
  check(MPI_Allreduce(&here, &everywhere, 1, MPI_INT, MPI_MIN, node_), "MPI_Allreduce");
  return everywhere != 0;
}

std::uint64_t NodeMemory::least(std::uint64_t mine) const {
  std::uint64_t everywhere = 0;
  check(MPI_Allreduce(&mine, &everywhere, 1, MPI_UINT64_T, MPI_MIN, node_), "MPI_Allreduce");
  return everywhere;
}

std::uint64_t NodeMemory::from_leader(std::uint64_t value) const {
  check(MPI_Bcast(&value, 1, MPI_UINT64_T, 0, node_), "MPI_Bcast");
  return value;
}

NodeMemory::~NodeMemory() {
  if (std::uncaught_exceptions() > unwinding_) return;
  std::lock_guard lock(baton_of_process());
  if (window_ != MPI_WIN_NULL && MPI_Win_free(&window_) != MPI_SUCCESS) base::log().warn("MPI_Win_free failed");
  if (node_ != MPI_COMM_NULL && MPI_Comm_free(&node_) != MPI_SUCCESS) base::log().warn("MPI_Comm_free failed");
}

// The leader owns all of it.
bool NodeMemory::allocate(std::size_t mail, std::size_t data, std::size_t parcels) {
  int self = 0, unit = 0;
  check(MPI_Comm_rank(node_, &self), "MPI_Comm_rank");
  void* base = nullptr;
  auto bytes = static_cast<MPI_Aint>(mail + data + parcels + kPage);
  MPI_Aint size = self == 0 ? bytes : 0;
  if (MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, node_, &base, &window_) != MPI_SUCCESS) {
    window_ = MPI_WIN_NULL;
    return false;
  }
  if (MPI_Win_shared_query(window_, 0, &size, &unit, &base) != MPI_SUCCESS || size < bytes) return false;
  auto address = reinterpret_cast<std::uintptr_t>(base);
  std::byte* begin = static_cast<std::byte*>(base) + (kPage - address % kPage) % kPage;
  if (mail != 0) mail_ = begin;
  data_ = view_.emplace(std::span(begin + mail, data)).bytes();
  parcels_ = {begin + mail + data, parcels};
  if (self != 0) return true;
  if (!base::reserve_pages(begin, mail)) return false;
  std::memset(begin, 0, mail);
  return true;
}

}  // namespace gluster::mpi
