#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gluster::command {

// Where a command finds itself: what is around it decides how ranks are started. Read once.
struct Place {
  enum class Kind {
    kNothing,     // a shell
    kAllocation,  // of Slurm: sbatch or salloc
    kStep,        // a task of srun's
    kRank,        // of mpirun's
  };
  Kind kind = Kind::kNothing;
  std::string mpirun, srun;  // their paths; empty: there is none
  bool is_root = false;      // who Open MPI refuses unless told twice
  int cores = 1;             // of this host, that this process may use

  // Of an allocation or a step.
  std::string job;
  int requeued = 0;                 // how often it was put back into the queue
  std::vector<std::string> nodes;   // names, in Slurm's order
  std::vector<int> tasks_per_node;  // as many
  int cpus_per_task = 0;            // 0: nobody said
  int task = 0, step_tasks = 0;     // of a step: this one's number, and how many there are
  int tasks() const;

  using Variable = std::function<std::string(const std::string& name)>;  // empty: it is not set
  // Without programs and cores.
  static Place from(const Variable& variable);
  // All of it.
  static Place look();
};

// Slurm's short forms: "n[1-3,07],m" and "2(x3),1". Throws UsageError for what is none.
std::vector<std::string> hosts_of(const std::string& list);
std::vector<int> counts_of(const std::string& list);

// Its times: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or days-hours:minutes:seconds. None where it is no time ("UNLIMITED").
std::optional<int> seconds_of(const std::string& time);
// How much time a job has, as squeue tells it (%A %L: a line a job, its number and its time); none where it has no limit.
std::optional<int> seconds_left(const std::string& lines, const std::string& job);

// A program of this name in PATH; empty: there is none.
std::string find_program(const std::string& name, const std::string& path);
std::string find_program(const std::string& name);  // in this process's PATH

}  // namespace gluster::command
