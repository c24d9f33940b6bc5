// The least a call can take: one message there and one back, blocking.
#pragma once
#include <mpi.h>

#include <cstddef>
#include <span>

namespace baselines {

/// `times` round trips with `peer`, which calls pong with spans of the same sizes.
void ping(MPI_Comm comm, int peer, std::span<const std::byte> there, std::span<std::byte> back, long times);
void pong(MPI_Comm comm, int peer, std::span<std::byte> there, std::span<const std::byte> back, long times);

}  // namespace baselines
