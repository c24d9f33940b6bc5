#pragma once
#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/pages.hpp"
#include "mpi/environment.hpp"

namespace gluster::mpi {

// Memory that the ranks of a node share (MPI_Win_allocate_shared): one block a node, in three parts. The first, for messages, is all zeros and its pages are
// there. The others, for shared data and for parcels beside messages, are only promised: shared memory that cannot be had is a SIGBUS at first touch, so base::reserve_pages comes before any use.
//
// Collective to make and to free, with the baton held inside; left alone when an exception passes, since the others do not come then.
class NodeMemory {
 public:
  struct Wanted {
    bool any = true;                                                              // false: none, on no rank of the node
    std::function<std::size_t(const std::vector<int>& ranks)> bytes_for_mail;     // of a node with these ranks, as `comm` numbers them and in order
    std::function<std::size_t(const std::vector<int>& ranks)> bytes_for_parcels;  // a sixteenth of what the system has free for it at most
    std::optional<std::uint64_t> bytes_for_data;                                  // unset: half of what the system has free for it
  };
  // Where one rank of a node wants none, or what is for messages cannot be had, there is none on any rank of that node; where only so much for data cannot be
  // had, there is less of that.
  NodeMemory(const Communicator& comm, const Wanted& wanted);
  ~NodeMemory();
  NodeMemory(const NodeMemory&) = delete;

  // At the same offset of a page, 64 bytes aligned, in every process. Null: there is none.
  std::byte* mail() const noexcept { return mail_; }
  // Each begins at a page. Empty: there is none.
  std::span<std::byte> data() const noexcept { return data_; }
  std::span<std::byte> parcels() const noexcept { return parcels_; }
  // The node's; the first is its leader.
  const std::vector<int>& ranks() const noexcept { return ranks_; }

 private:
  bool allocate(std::size_t mail, std::size_t data, std::size_t parcels);
  bool all(bool mine) const;
  std::uint64_t least(std::uint64_t mine) const;
  std::uint64_t from_leader(std::uint64_t value) const;

  int unwinding_;  // exceptions, when it was made
  MPI_Comm node_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  std::byte* mail_ = nullptr;
  std::optional<base::LargePagesView> view_;
  std::span<std::byte> data_;
  std::span<std::byte> parcels_;
  std::vector<int> ranks_;
};

}  // namespace gluster::mpi
