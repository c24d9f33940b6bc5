// Starts what start_line decides: under supervision, or, as a task of srun's, by becoming it.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/process.hpp"
#include "commands.hpp"
#include "supervise.hpp"

namespace gluster::command {
namespace {

int become(Line line) {
  ::signal(SIGUSR1, SIG_IGN);  // until the master listens
  for (const auto& [name, value] : line.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (std::string& word : line.words) words.push_back(word.data());
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  throw UsageError(fmt::format("{} cannot be started: {}", line.words[0], std::strerror(errno)));
}

// mpirun's, when it did not come to the program.
bool is_launchers_own(int status) { return status == 126 || status == 127 || status == 132 || status == 255; }

void requeue(const Place& place) {
  fmt::print(stderr, "gluster: job {} goes back into the queue, and on from its journal\n", place.job);
  base::Ended ended = base::run_program({"scontrol", "requeue", place.job});
  if (ended.status != 0) throw Error(fmt::format("job {} cannot be requeued: {}", place.job, ended.output));
}

}  // namespace

int start(const Command& command, const Start& what) {
  const Place place = Place::look();
  if (what.requeue && place.job.empty()) throw UsageError("--requeue is for a Slurm job, and this is none; elsewhere --restart N starts again");
  Line line = line_for(what, place);
  if (command.dry_run) {
    fmt::print("{}\n", line.text());
    return 0;
  }
  if (place.kind == Place::Kind::kStep) return become(std::move(line));
  for (int restarts = what.restarts;; --restarts) {
    const Outcome outcome = supervise(line);
    if (outcome.status == kGoOnLater && what.requeue) requeue(place);
    if (is_launchers_own(outcome.status))
      fmt::print(stderr, "gluster: {} could not start it (status {}); the line of --dry-run, without --quiet, says all that it has to say\n",
                 line.words[0], outcome.status);
    if (outcome.status < 128 || outcome.stopped || restarts == 0) return outcome.status;
    fmt::print(stderr, "gluster: it ended with status {}, and is started again ({} more time{})\n", outcome.status, restarts,
               restarts == 1 ? "" : "s");
  }
}

}  // namespace gluster::command
