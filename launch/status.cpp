#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "commands.hpp"
#include "data/journal.hpp"
#include "place.hpp"

namespace gluster::command {
namespace {

bool is_job(const std::string& what) { return !what.empty() && what.find_first_not_of("0123456789_") == std::string::npos; }

// What Slurm says of a job.
struct Job {
  std::string number;
  std::string state;
  std::string journal;  // that gluster submit named in its comment; empty: none

  bool has_ended() const {
    for (const char* going :
         {"PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "RESIZING", "STOPPED", "SIGNALING", "STAGE_OUT"})
      if (state.starts_with(going)) return false;
    return true;
  }
};

// The text after `key`, as far as `end`.
std::string part_of(const std::string& text, const std::string& key, char end) {
  std::size_t at = text.find(key);
  if (at == std::string::npos) return "";
  at += key.size();
  std::string part = text.substr(at, text.find_first_of(std::string{end, '\n'}, at) - at);
  part.erase(part.find_last_not_of(' ') + 1);  // scontrol may add one
  return part;
}

Job look_at_job(const std::string& number) {
  if (find_program("scontrol").empty())
    throw UsageError(fmt::format("{}: there is no such journal, and no Slurm here that could be asked for a job", number));
  base::Ended ended = base::run_program({"scontrol", "show", "job", number});
  if (ended.status != 0) throw UsageError(fmt::format("Slurm knows no job {}: {}", number, ended.output.substr(0, ended.output.find('\n'))));
  return {number, part_of(ended.output, "JobState=", ' '), part_of(ended.output, "Comment=journal=", '\n')};
}

void show(const std::string& file, const data::Records& records, bool in_use) {
  if (records.opened.empty() && records.maps.empty() && !in_use) fmt::print("{}: empty; a start that names it begins it\n", file);
  for (const data::MapRecords& map : records.maps) {
    const auto done = map.values.size();
    const std::string of = map.head.items < 0 ? "" : fmt::format(" of {}", map.head.items);
    fmt::print("{}: {}{} done, {} failed\n", map.head.kernel, done, of, map.progress.failed);
    if (!map.progress.runners.empty()) fmt::print("{}", map.progress.runners);
  }
  if (records.closed) fmt::print("{}\n", records.closed->why);
  else if (!records.opened.empty())
    fmt::print("process {} on {} {}\n", records.opened.back().pid, records.opened.back().host, in_use ? "has it" : "had it last, and was killed");
}

nlohmann::json as_json(const data::Records& records, bool in_use) {
  nlohmann::json maps = nlohmann::json::array();
  for (const data::MapRecords& map : records.maps)
    maps.push_back({{"kernel", map.head.kernel},
                    {"items", map.head.items},
                    {"done", map.values.size()},
                    {"failed", map.progress.failed},
                    {"runners", map.progress.runners}});
  return {{"maps", maps}, {"running", in_use}, {"closed", records.closed ? nlohmann::json(records.closed->why) : nlohmann::json()}};
}

// The job that this is a part of, else the one journal of this directory that somebody writes to.
std::string what_runs_here() {
  if (const char* job = std::getenv("SLURM_JOB_ID"); job != nullptr && *job != '\0') return job;
  std::vector<std::string> journals;
  std::error_code reason;
  for (const auto& entry : std::filesystem::directory_iterator(".", reason)) try {
      if (entry.is_regular_file(reason) && data::LogFile::is_in_use(entry.path()) && !data::read_journal(entry.path()).opened.empty())
        journals.push_back(entry.path().filename().string());
    } catch (const Error&) {  // it is none, or may not be read
    }
  if (journals.size() == 1) return journals[0];
  if (journals.empty()) throw UsageError("nothing runs here: no journal of this directory is in use; gluster status JOURNAL, or the number of a job");
  std::ranges::sort(journals);
  throw UsageError(fmt::format("which one? In use are {}", fmt::join(journals, " ")));
}

}  // namespace

int status(const Command& command, const std::string& given, bool watch) {
  std::error_code reason;
  const std::string what = given.empty() ? what_runs_here() : given;
  const bool of_job = !std::filesystem::exists(what, reason);
  if (of_job && !is_job(what)) throw UsageError(fmt::format("{}: there is no such journal, and it is no number of a job", what));
  std::string file = what;
  bool told = false;
  for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
    bool has_ended = true;
    nlohmann::json json = nlohmann::json::object();
    if (of_job) {
      const Job job = look_at_job(what);
      file = job.journal;
      has_ended = job.has_ended();
      json = {{"job", job.number}, {"state", job.state}};
      if (!command.json) fmt::print("job {}: {}\n", job.number, job.state);
      if (file.empty() && !std::exchange(told, true))
        fmt::print(stderr, "gluster: job {} has no journal, or it was not gluster submit that submitted it: only its state is known\n", what);
    }
    if (!file.empty() && std::filesystem::exists(file, reason)) {
      const data::Records records = data::read_journal(file);
      const bool in_use = data::LogFile::is_in_use(file);
      json.update(as_json(records, in_use));
      if (!command.json) show(file, records, in_use);
      if (!of_job) has_ended = !in_use;
    }
    if (command.json) fmt::print("{}\n", json.dump());
    if (std::fflush(stdout) != 0) return kFailed;
    if (!watch || has_ended) return 0;
  }
}

}  // namespace gluster::command
