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

/// Asks `peer`, which calls supply(), for data and receives it. await_ready() ahead of each: the peer has made the data then.
void await_ready(MPI_Comm comm, int peer);
void fetch_warm(MPI_Comm comm, int peer, std::span<double> buffer);
std::vector<double> fetch_fresh(MPI_Comm comm, int peer, std::size_t elements);
/// Writes `data` first, as a program has just computed what it sends: its lines are dirty in the sender's caches.
void supply(MPI_Comm comm, int peer, std::span<double> data);

}  // namespace baselines
