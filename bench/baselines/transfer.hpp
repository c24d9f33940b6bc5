// Large arrays there and back, received into memory that is there already (warm) or that is made for it (fresh).
#pragma once
#include <mpi.h>

#include <cstddef>
#include <span>
#include <vector>

namespace baselines {

/// Sends `data` to `peer` and waits for its word that all of it is there; the peer calls one of accept_*.
void deliver(MPI_Comm comm, int peer, std::span<const double> data);
void accept_warm(MPI_Comm comm, int peer, std::span<double> buffer);
void accept_fresh(MPI_Comm comm, int peer, std::size_t elements);

/// Asks `peer`, which calls supply(), for data and receives it.
void fetch_warm(MPI_Comm comm, int peer, std::span<double> buffer);
std::vector<double> fetch_fresh(MPI_Comm comm, int peer, std::size_t elements);
void supply(MPI_Comm comm, int peer, std::span<const double> data);

}  // namespace baselines
