#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gluster::command {

// What `gluster doctor` says of one thing. `advice`: what to do; empty where nothing is.
struct Finding {
  enum class Level { kOk, kSlow, kWrong };
  Level level = Level::kOk;
  std::string what, says, advice;
};

// What was found here, and in a run of one master and one runner that was started for it.
struct Facts {
  std::string versions;        // of what Gluster stands on, itself first
  std::string mpirun;          // its first line of --version; empty: there is none
  std::string probe_error;     // of that run; empty: it went well
  bool has_helper = false;     // MPI_THREAD_SERIALIZED or above
  bool shares_memory = false;  // master and runner: one-sided windows of a node
  int runner_cores = 0, runner_threads = 0;
  int cores = 0, allowed_cores = 0;
  std::uint64_t shared_memory_free = 0;  // bytes in /dev/shm
  int ptrace_scope = 0;                  // of Yama: 0: processes of one user may read each other's memory
  bool has_srun = false, slurm_answers = false;
  std::string srun_mpi;                   // what srun --mpi=list says
  std::string openblas, openblas_choice;  // the kernels it took; OPENBLAS_CORETYPE; both may be empty
  bool cpu_has_avx2 = false;
  std::string compiler, compiler_error;  // its first line of --version
  std::string cache, cache_error;
  std::uint64_t cache_free = 0;
  bool cache_executes = true;  // what lies there may be loaded
};

std::vector<Finding> findings_of(const Facts& facts);

}  // namespace gluster::command
