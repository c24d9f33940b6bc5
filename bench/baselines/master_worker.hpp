// A bare task farm: the master keeps `window` tasks with every worker; a worker answers each.
#pragma once
#include <mpi.h>

#include <cstddef>

namespace baselines {

/// Hands `tasks` of `task_bytes` each to the ranks 1 to `workers`, which call work() with the same sizes; returns when all
/// answers are here and the workers have been sent home.
void hand_out(MPI_Comm comm, int workers, int window, long tasks, std::size_t task_bytes, std::size_t answer_bytes);
void work(MPI_Comm comm, std::size_t task_bytes, std::size_t answer_bytes);

}  // namespace baselines
