#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace gluster {

/// What can be chosen when a cluster is made. `from_environment` is the only place that reads GLUSTER_ variables.
struct Options {
  int credit = 16;  ///< calls on their way to, or in, one runner (1 to 4096)
  int threads = 0;  ///< OpenMP threads a runner; 0: OMP_NUM_THREADS, else its share of the node's cores
  std::optional<std::uint64_t>
      memory;  ///< bytes that the ranks of a node share for data; unset: half of what /dev/shm has free; 0: none, and all goes through MPI
  bool memory_required =
      false;  ///< what does not fit there, on any host, is a UsageError (of the call, where that is found out later), and not kept once a rank
  bool master_computes = false;  ///< the master runs calls itself while it waits for some: P ranks are P workers
  bool tag_output = false;       ///< kernels' lines begin with `[rank host] `
  std::string log = "warn";      ///< trace, debug, info, warn, error, off
  std::string cxx;               ///< the compiler for source plugins; empty: the one Gluster was built with
  std::filesystem::path cache;   ///< where plugins are kept; empty: as from_environment chooses
  std::filesystem::path trace;   ///< a file for what each rank did and when, for Perfetto or chrome://tracing, written at the end; empty: none

  std::filesystem::path journal;  ///< a file that keeps the values of the program's maps, as MapOptions::journal does; empty: none

  /// GLUSTER_CREDIT, GLUSTER_THREADS, GLUSTER_MEMORY, GLUSTER_MASTER_COMPUTES, GLUSTER_TAG_OUTPUT, GLUSTER_LOG, GLUSTER_CXX, GLUSTER_TRACE, GLUSTER_JOURNAL, GLUSTER_CACHE (else
  /// XDG_CACHE_HOME/gluster). Throws UsageError that names the variable with a value it cannot have.
  static Options from_environment();
};

}  // namespace gluster
