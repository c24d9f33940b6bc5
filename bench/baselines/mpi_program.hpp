// Starts and ends MPI for a program whose main thread alone calls it, outside of OpenMP's regions.
#pragma once
#include <mpi.h>

namespace baselines {

class World {
 public:
  World(int* argc, char*** argv) {
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
