#include "after.hpp"

#include <csignal>

#include "commands.hpp"

namespace gluster::command {

namespace {

bool has_died(int status) { return (status >= 128 && status != 255) || status == SIGKILL; }

}  // namespace

// A shell's 128 + signal; Open MPI's 205 for a host that is gone, or 9 where that had still told that its ranks were killed (both seen with 4.1.4). (255 is its own too: it could not start.)
bool was_lost(const Outcome& outcome) { return has_died(outcome.status) && outcome.asked == 0 && outcome.refused == 0; }

After after(const Outcome& outcome, const Wishes& wishes) {
  const bool ended_early = outcome.status == kGoOnLater && !outcome.asked_again && (outcome.asked == 0 || outcome.asked == SIGUSR1);
  // An item was longer than the time that was left, or mpirun did not stand the signal.
  const bool was_cut = outcome.asked == SIGUSR1 && !outcome.asked_again && (outcome.out_of_time ? outcome.status != 0 : has_died(outcome.status));
  const auto requeued = [&](bool goes_on) { return wishes.requeue && (goes_on || wishes.requeued < kMostLost) ? After::kRequeue : After::kEnd; };
  if (ended_early || was_cut) return requeued(wishes.has_gone_on.value_or(true));
  if (!was_lost(outcome)) return After::kEnd;
  if (wishes.restarts > 0) return After::kRestart;
  return requeued(wishes.has_gone_on.value_or(false));
}

}  // namespace gluster::command
