// A map of words sent by hand: packed into one buffer, sent, and made a map again.
#pragma once
#include <mpi.h>

#include <cstdint>
#include <string>
#include <unordered_map>

namespace baselines {

using Counts = std::unordered_map<std::string, std::int64_t>;

/// In one piece.
void send_counts(MPI_Comm comm, int peer, const Counts& counts);
/// Adds what `peer` sends so.
void add_received(MPI_Comm comm, int peer, Counts& all);

/// So many different words, of 2 to 12 letters, like those of a text.
Counts some_counts(std::int64_t words);

/// Asks `peer`, which calls supply_counts(), for its counts.
Counts fetch_counts(MPI_Comm comm, int peer);
void supply_counts(MPI_Comm comm, int peer, const Counts& counts);

}  // namespace baselines
