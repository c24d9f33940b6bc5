// Starts what start_line decides: under supervision, or, as a task of srun's, by becoming it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "after.hpp"
#include "base/process.hpp"
#include "commands.hpp"
#include "hosts.hpp"
#include "known.hpp"
#include "supervise.hpp"

namespace gluster::command {
namespace {

int become(Line line) {
  sigset_t none;
  sigemptyset(&none);
  ::signal(SIGUSR1, SIG_IGN);  // until the master listens
  for (const auto& [name, value] : line.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (std::string& word : line.words) words.push_back(word.data());
  words.push_back(nullptr);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(words[0], words.data());
  throw UsageError(fmt::format("{} cannot be started: {}", line.words[0], std::strerror(errno)));
}

// Statuses of which nobody has said anything, perhaps.
void explain(int status, const Line& line) {
  if (status == 126 || status == 127 || status == 255)
    fmt::print(stderr, "gluster: it ended with status {}; where {} could not start it, the line of --dry-run, without --quiet, says why\n", status,
               line.words[0]);
  if (status == 128 + SIGKILL || status == 205)
    fmt::print(stderr, "gluster: it ended with status {}: a rank, its host or {} was killed\n", status, line.words[0]);
}

void requeue(const Place& place, const std::string& journal) {
  fmt::print(stderr, "gluster: job {} goes back into the queue{}\n", place.job, journal.empty() ? "" : ", and on from its journal");
  base::Ended ended = base::run_program({"scontrol", "requeue", place.job});
  if (ended.status != 0) throw Error(fmt::format("job {} cannot be requeued: {}", place.job, ended.output));
}

// How long what runs may still take after SIGUSR1: until kBeforeLimit ahead of the job's limit, which is time to end and requeue.
std::optional<int> seconds_to_end(const Place& place) {
  constexpr int kBeforeLimit = 15;
  try {
    const base::Ended ended = base::run_program({"timeout", "--foreground", "10", "squeue", "-h", "-j", place.job, "-o", "%A %L"});
    const auto left = ended.status == 0 ? seconds_left(ended.output, place.job) : std::nullopt;
    if (!left) return std::nullopt;
    return std::max(*left / 2, *left - kBeforeLimit);
  } catch (const Error&) {  // then nobody knows
    return std::nullopt;
  }
}

std::int64_t items_in(const std::string& journal) {
  try {
    return known_in(journal);
  } catch (const Error&) {  // whoever writes to it says so
    return 0;
  }
}

// Hosts that do not answer any more are left out.
Start without_lost(Start start, const Place& place, const Line& line) {
  const std::vector<std::string> all = start.hosts.empty() ? place.nodes : start.hosts;
  if (place.mpirun.empty() || start.launcher == "srun") return start;
  std::vector<std::string> left;
  for (const std::string& host : all) {
    std::vector<std::string> words{"env"};
    for (const auto& [name, value] : line.environment) words.push_back(name + "=" + value);
    for (std::string word : {"timeout", "--foreground", "20", place.mpirun.c_str(), "--quiet", "--host", host.c_str(), "-n", "1", "true"})
      words.push_back(word);
    if (base::run_program(words).status == 0) left.push_back(host);
    else fmt::print(stderr, "gluster: {} does not answer, and is left out\n", host);
  }
  if (!all.empty() && left.empty()) throw Error("no host answers any more");
  if (left.size() == all.size()) return start;
  start.hosts = left;
  if (place.kind == Place::Kind::kAllocation) start.runners = 0;  // as many as it has tasks there
  return start;
}

}  // namespace

int start(const Command& command, const Start& what) {
  if (command.checks_alone) {
    if (command.tasks != 0 && what.runners > command.tasks)
      throw UsageError(fmt::format("-n {}: the job will have {} task{} for runners: gluster submit --ntasks={}", what.runners, command.tasks,
                                   command.tasks == 1 ? "" : "s", what.runners));
    return 0;
  }
  const Place place = Place::look();
  if (what.requeue && place.job.empty()) throw UsageError("--requeue is for a Slurm job, and this is none; elsewhere --restart N starts again");
  Line line = line_for(what, place);
  if (command.dry_run) {
    fmt::print("{}\n", line.text());
    return 0;
  }
  if (place.kind == Place::Kind::kStep) return become(std::move(line));
  if (place.kind == Place::Kind::kNothing) expect_known(what.hosts);
  Start now = what;
  const std::int64_t before = now.requeue ? items_in(what.journal) : 0;
  for (;; --now.restarts) {
    const Outcome outcome = supervise(line, 20, now.requeue ? [&] { return seconds_to_end(place); } : std::function<std::optional<int>()>());
    if (outcome.out_of_time) fmt::print(stderr, "gluster: the job's time is over before what runs has come to its end: that is run again\n");
    if (outcome.refused == EPIPE) return 128 + SIGPIPE;  // as any program in a pipe that nobody reads
    if (outcome.refused != 0) throw Error(fmt::format("cannot write to stdout: {}; it was ended", std::strerror(outcome.refused)));
    if (outcome.asked == 0) explain(outcome.status, line);
    const auto has_gone_on = now.requeue && !what.journal.empty() ? std::optional(items_in(what.journal) > before) : std::nullopt;
    const After next = after(outcome, {now.restarts, now.requeue, place.requeued, has_gone_on});
    if (next == After::kRequeue) requeue(place, what.journal);
    else if (next == After::kEnd && after(outcome, {0, now.requeue, 0}) == After::kRequeue)  // as it was at first
      fmt::print(stderr, "gluster: job {} is not requeued: nothing comes of it any more; a longer --time, or what it said above, may help\n",
                 place.job);
    if (next != After::kRestart) return outcome.status;
    fmt::print(stderr, "gluster: it ended with status {}, and is started again ({} more time{})\n", outcome.status, now.restarts - 1,
               now.restarts == 2 ? "" : "s");
    line = line_for(without_lost(now, place, line), place);
  }
}

}  // namespace gluster::command
