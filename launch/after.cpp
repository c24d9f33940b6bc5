#include "after.hpp"

#include <csignal>
#include <sstream>

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
  if (ended_early || was_cut) return wishes.requeue ? After::kRequeue : After::kEnd;
  if (!was_lost(outcome)) return After::kEnd;
  if (wishes.restarts > 0) return After::kRestart;
  return wishes.requeue && (wishes.has_gone_on || wishes.requeued < kMostLost) ? After::kRequeue : After::kEnd;
}

std::optional<int> seconds_of(const std::string& lines, const std::string& job) {
  std::istringstream in(lines);
  std::string number, time_left;
  while (in >> number >> time_left && number != job) continue;
  if (number != job || time_left.size() > 12) return std::nullopt;
  int seconds = 0, part = 0, parts = 0;
  bool has_digits = false;
  for (char c : time_left) {
    if (c >= '0' && c <= '9') {
      part = 10 * part + (c - '0');
      has_digits = true;
    } else if (c == ':' || c == '-') {
      seconds = (seconds + part) * (c == '-' ? 24 : 60);
      part = 0;
      ++parts;
    } else {
      return std::nullopt;
    }
  }
  if (!has_digits || parts == 0) return std::nullopt;
  return seconds + part;
}

}  // namespace gluster::command
