// A self-scheduling farm as a good MPI programmer writes it: a worker gets a chunk of items when it gives one back, and has
// another there already; values arrive in their place. Static splitting is a chunk for each worker.
#pragma once
#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace baselines {

/// What is sent of a chunk: its items, or that they are the numbers from here to there.
enum class Sent { kItems, kRanges };

/// Rank 0: the values of all items, in order. Every other rank calls work_off() with the same `chunk` and `sent`; with
/// kRanges the items are 0, 1, 2, and so on, and `items` is not looked at.
void farm_out(MPI_Comm comm, std::span<const std::int64_t> items, std::span<std::int64_t> values, std::size_t chunk, Sent sent);
void work_off(MPI_Comm comm, std::int64_t (*function)(std::int64_t), std::size_t chunk, Sent sent);

}  // namespace baselines
