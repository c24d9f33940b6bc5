#pragma once
#include <optional>

#include "supervise.hpp"

namespace gluster::command {

// What to do when a run has ended.
enum class After {
  kEnd,
  kRestart,  // here, at once
  kRequeue,  // Slurm starts the job again, when it may
};

struct Wishes {
  int restarts = 0;                      // that are left
  bool requeue = false;                  // the job, rather than to end early
  int requeued = 0;                      // how often it has been
  std::optional<bool> has_gone_on = {};  // this run has added items to its journal; none: nobody knows
};

// Most runs of one job that are requeued although nothing has come of them: a kernel that always crashes, or an item that is longer than the job, would go on for ever.
inline constexpr int kMostLost = 5;

// A run that came to no end of its own: a runner, a node or the launcher was killed.
bool was_lost(const Outcome& outcome);
// Ended early by SIGUSR1, ahead of the job's limit, it is to be requeued, unless nothing comes of it; by SIGTERM it is not: so scancel asks, and preemption, after which Slurm itself requeues.
After after(const Outcome& outcome, const Wishes& wishes);

}  // namespace gluster::command
