#include "after.hpp"

#include <csignal>

#include "commands.hpp"

namespace gluster::command {

// A shell's 128 + signal; Open MPI's 205 for a host that is gone, or 9 where that had still told that its ranks were killed (both seen with 4.1.4). (255 is its own too: it could not start.)
bool was_lost(const Outcome& outcome) {
  const bool has_died = (outcome.status >= 128 && outcome.status != 255) || outcome.status == SIGKILL;
  return has_died && outcome.asked == 0 && outcome.refused == 0;
}

After after(const Outcome& outcome, const Wishes& wishes) {
  const bool ended_early = outcome.status == kGoOnLater && (outcome.asked == 0 || outcome.asked == SIGUSR1);
  if (ended_early) return wishes.requeue ? After::kRequeue : After::kEnd;
  if (!was_lost(outcome)) return After::kEnd;
  if (wishes.restarts > 0) return After::kRestart;
  return wishes.requeue && wishes.requeued < kMostLost ? After::kRequeue : After::kEnd;
}

}  // namespace gluster::command
