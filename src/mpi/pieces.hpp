#pragma once
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "mpi/check.hpp"
#include "wire/frame.hpp"

// A block on its way through MPI: messages of wire::kPieceBytes at most, each with a request.
namespace gluster::mpi {

// Calls `piece(offset, bytes)` for every piece of a block.
template <class F>
void for_pieces(std::size_t bytes, F piece) {
  for (std::size_t at = 0; at < bytes; at += wire::kPieceBytes) piece(at, static_cast<int>(std::min(wire::kPieceBytes, bytes - at)));
}

inline bool all_done(std::vector<MPI_Request>& requests) {
  int done = 0;
  check(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
  return done != 0;
}

}  // namespace gluster::mpi
