#pragma once
#include <gluster/cluster.hpp>

namespace gluster::entry {

// What the environment says about who started this process; read once.
struct Surroundings {
  bool launched = false;  // as a rank, by mpirun, srun or their like
  bool by_mpirun = false;
  int slurm_step_tasks = 0;  // 0: not in a Slurm step

  static Surroundings from_environment();

  // Throws UsageError when Slurm started several tasks, and each would be a world of its own.
  void expect_world(int size) const;
};

// Whether `gluster run` holds this process, and so has started runners for it.
bool is_held();
// Tells it that this is a master, or a program alone. Once.
void tell_holder();

// Whether the user has told OpenMP how threads wait.
bool waiting_is_told();

// A program's own options: what it left empty is filled in. Throws UsageError for what cannot be.
Options completed(Options options);

}  // namespace gluster::entry
