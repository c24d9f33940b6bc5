// Data for all by MPI_Bcast.
#pragma once
#include <mpi.h>

#include <span>

namespace baselines {

/// Every rank of `comm`; the data is rank 0's. Each other rank uses what it has got; rank 0 gets the sum of what they found, and has it when all
/// of them are done.
inline double broadcast(MPI_Comm comm, std::span<double> data, double (*use)(std::span<const double>)) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Bcast(data.data(), static_cast<int>(data.size()), MPI_DOUBLE, 0, comm);
  const double found = rank == 0 ? 0 : use(data);
  double all = 0;
  MPI_Reduce(&found, &all, 1, MPI_DOUBLE, MPI_SUM, 0, comm);
  return all;
}

}  // namespace baselines
