// Starts and ends MPI for a program whose main thread alone calls it, outside of OpenMP's regions.
#pragma once
#include <mpi.h>

#include <cstdlib>

namespace baselines {

/// What the environment says of one rank's world, before MPI starts.
inline bool spans_nodes() {
  const auto number = [](const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? 0 : std::atoi(text);
  };
  return number("OMPI_COMM_WORLD_SIZE") > number("OMPI_COMM_WORLD_LOCAL_SIZE") || number("SLURM_STEP_NUM_NODES") > 1;
}

/// Before MPI starts: what a good MPI programmer tells Open MPI for large data. The user's own choice stays.
inline void tune_mpi() {
  // Its own choice for 8 to 15 ranks sends all of an MPI_Bcast from rank 0 to each. In a chain, in pieces, it goes over every cable once. (In one node its choice is the better one.)
  if (spans_nodes()) {
    ::setenv("OMPI_MCA_coll_tuned_use_dynamic_rules", "1", 0);
    ::setenv("OMPI_MCA_coll_tuned_bcast_algorithm", "3", 0);
    ::setenv("OMPI_MCA_coll_tuned_bcast_algorithm_segmentsize", "262144", 0);
  }
  // To a rank of the same node through shared memory in pieces, and not by one copy by CMA: 64 MiB in 3.6 ms and not in 10.
  ::setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
}

class World {
 public:
  World(int* argc, char*** argv) {
    tune_mpi();
    int provided = MPI_THREAD_SINGLE;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  }
  ~World() { MPI_Finalize(); }
  World(const World&) = delete;

  int rank = 0;
  int ranks = 1;
};

}  // namespace baselines
