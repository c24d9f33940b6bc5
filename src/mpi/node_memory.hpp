#pragma once
#include <mpi.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "mpi/environment.hpp"

namespace gluster::mpi {

// Memory that the ranks of a node share: one block a node, all zeros at first (MPI_Win_allocate_shared).
//
// Its pages are reserved when it is made, since shared memory that is promised but not there is a SIGBUS at first touch. Collective to make
// and to free, with the baton held inside; left alone when an exception passes, since the others do not come then.
class NodeMemory {
 public:
  // `bytes_for` the ranks of a node, as `comm` numbers them and in order. Where one of them wants none, or so much cannot be had, there is none on any rank of
  // that node.
  NodeMemory(const Communicator& comm, const std::function<std::size_t(const std::vector<int>& ranks)>& bytes_for);
  ~NodeMemory();
  NodeMemory(const NodeMemory&) = delete;

  // At the same offset of a page, 64 bytes aligned, in every process. Null: there is none.
  std::byte* data() const noexcept { return data_; }
  // The node's.
  const std::vector<int>& ranks() const noexcept { return ranks_; }

 private:
  bool allocate(std::size_t bytes);
  bool all(bool mine) const;

  int unwinding_;  // exceptions, when it was made
  MPI_Comm node_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  std::byte* data_ = nullptr;
  std::vector<int> ranks_;
};

}  // namespace gluster::mpi
