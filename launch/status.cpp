#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "commands.hpp"
#include "data/journal.hpp"

namespace gluster::command {
namespace {

bool is_job(const std::string& what) { return !what.empty() && what.find_first_not_of("0123456789_") == std::string::npos; }

// What Slurm says of a job, and the journal that gluster submit named in its comment.
std::string journal_of_job(const std::string& job, bool quiet) {
  base::Ended ended = base::run_program({"scontrol", "show", "job", job});
  if (ended.status != 0) throw UsageError(fmt::format("Slurm knows no job {}: {}", job, ended.output.substr(0, ended.output.find('\n'))));
  std::size_t state = ended.output.find("JobState=");
  if (!quiet && state != std::string::npos) fmt::print("job {}: {}\n", job, ended.output.substr(state, ended.output.find('\n', state) - state));
  std::size_t at = ended.output.find("Comment=journal=");
  if (at == std::string::npos) return "";
  return ended.output.substr(at + 16, ended.output.find('\n', at) - at - 16);
}

void show(const data::Records& records) {
  for (const data::MapRecords& map : records.maps) {
    const auto done = map.values.size();
    const std::string of = map.head.items < 0 ? "" : fmt::format(" of {}", map.head.items);
    fmt::print("{}: {}{} done, {} failed\n", map.head.kernel, done, of, map.progress.failed);
    if (!map.progress.runners.empty()) fmt::print("{}", map.progress.runners);
  }
  if (records.closed) fmt::print("{}\n", records.closed->why);
  else if (!records.opened.empty()) fmt::print("process {} on {} has it, or had it last\n", records.opened.back().pid, records.opened.back().host);
}

nlohmann::json as_json(const data::Records& records) {
  nlohmann::json maps = nlohmann::json::array();
  for (const data::MapRecords& map : records.maps)
    maps.push_back({{"kernel", map.head.kernel},
                    {"items", map.head.items},
                    {"done", map.values.size()},
                    {"failed", map.progress.failed},
                    {"runners", map.progress.runners}});
  return {{"maps", maps}, {"closed", records.closed ? nlohmann::json(records.closed->why) : nlohmann::json()}};
}

}  // namespace

int status(const Command& command, const std::string& what, bool watch) {
  std::error_code reason;
  std::string file = what;
  if (!std::filesystem::exists(what, reason)) {
    if (!is_job(what)) throw UsageError(fmt::format("{}: there is no such journal, and it is no number of a job", what));
    file = journal_of_job(what, command.json);
    if (file.empty()) {
      fmt::print("it has no journal that is known: gluster submit says where it is\n");
      return 0;
    }
  }
  for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
    const data::Records records = data::read_journal(file);
    if (command.json) fmt::print("{}\n", as_json(records).dump());
    else show(records);
    std::fflush(stdout);
    if (!watch || records.closed) return 0;
  }
}

}  // namespace gluster::command
