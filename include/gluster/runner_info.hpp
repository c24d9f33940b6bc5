#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gluster {

/// A runner, as it described itself when it started.
struct RunnerInfo {
  int rank = -1;
  std::string host;
  int cores = 0;             ///< its share of the host's cores
  int threads = 0;           ///< OpenMP threads a kernel gets
  std::string architecture;  ///< `uname -m`
  std::string os;            ///< `uname -sr`
  std::string cpu;           ///< the CPU's model name
  std::string program;       ///< the executable it runs
  std::int64_t pid = 0;
};

/// A runner, as it is now.
struct RunnerStatus {
  int rank = -1;
  std::string host;
  int calls = 0;                     ///< on their way to it, waiting there, or running
  std::string kernel;                ///< running when it last answered; empty: none
  std::uint64_t calls_done = 0;      ///< since it started, when it last answered
  double busy_seconds = 0;           ///< in kernels since it started, the running one included, when it last answered
  std::uint64_t bytes_in = 0;        ///< of calls, arguments included, since it started, when it last answered
  std::uint64_t bytes_out = 0;       ///< of results, likewise
  double load = 0;                   ///< its host's load average over one minute, when it last answered
  std::uint64_t memory = 0;          ///< resident bytes, when it last answered
  std::vector<std::string> plugins;  ///< loaded there
  double age = 0;                    ///< seconds since it last answered
};

struct Status {
  bool helper = false;  ///< false below MPI_THREAD_SERIALIZED: work moves only inside Gluster's calls
  std::string text;     ///< the same and more, for people
  std::vector<RunnerStatus> runners;
};

}  // namespace gluster
