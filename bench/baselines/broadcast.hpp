// Data for all by MPI_Bcast.
#pragma once
#include <mpi.h>

#include <span>

namespace baselines {

/// Every rank of comm; returns on rank 0, the root, when all of them have `data`.
inline void broadcast(MPI_Comm comm, std::span<double> data) {
  MPI_Bcast(data.data(), static_cast<int>(data.size()), MPI_DOUBLE, 0, comm);
  MPI_Barrier(comm);
}

}  // namespace baselines
