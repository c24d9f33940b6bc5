#include "place.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/cores.hpp"

namespace gluster::command {
namespace {

int number(std::string_view text, const std::string& of) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw UsageError(fmt::format("Slurm says {}, where a number is expected: {}", text, of));
  return value;
}

int number_or(const std::string& text, int otherwise) { return text.empty() ? otherwise : number(text, text); }

// Parts at commas that are in no brackets.
std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (char c : list) {
    depth += (c == '[') - (c == ']');
    if (c == ',' && depth == 0) parts.push_back(std::exchange(part, ""));
    else part += c;
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

// Adds "n1", "n2", … for before = "n", inside = "1-2".
void expand(const std::string& before, const std::string& inside, const std::string& after, std::vector<std::string>& hosts) {
  for (const std::string& range : split(inside)) {
    std::size_t dash = range.find('-');
    std::string first = range.substr(0, dash), last = dash == std::string::npos ? first : range.substr(dash + 1);
    for (int i = number(first, range), end = number(last, range); i <= end; ++i)
      for (const std::string& host : hosts_of(fmt::format("{}{:0{}}{}", before, i, first.size(), after))) hosts.push_back(host);
  }
}

}  // namespace

std::vector<std::string> hosts_of(const std::string& list) {
  std::vector<std::string> hosts;
  for (const std::string& part : split(list)) {
    std::size_t open = part.find('['), close = part.find(']');
    if (open == std::string::npos) hosts.push_back(part);
    else if (close == std::string::npos || close < open) throw UsageError(fmt::format("Slurm says {}, which is no list of hosts", list));
    else expand(part.substr(0, open), part.substr(open + 1, close - open - 1), part.substr(close + 1), hosts);
  }
  return hosts;
}

std::vector<int> counts_of(const std::string& list) {
  std::vector<int> counts;
  for (const std::string& part : split(list)) {
    std::size_t open = part.find("(x");
    int times = open == std::string::npos ? 1 : number(part.substr(open + 2, part.size() - open - 3), list);
    counts.insert(counts.end(), static_cast<std::size_t>(times), number(part.substr(0, open), list));
  }
  return counts;
}

std::optional<int> seconds_of(const std::string& time) {
  constexpr std::size_t kMost = 12;  // letters: so it fits
  if (time.empty() || time.size() > kMost || time.find_first_not_of("0123456789-:") != std::string::npos) return std::nullopt;
  const std::size_t dash = time.find('-');
  std::vector<int> parts;
  std::istringstream in(dash == std::string::npos ? time : time.substr(dash + 1));
  for (std::string part; std::getline(in, part, ':');) {
    int value = 0;
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    parts.push_back(value);
  }
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  if (dash == std::string::npos && parts.size() < 3) parts.insert(parts.begin(), 0);  // no hours
  parts.resize(3);
  const long days = dash == std::string::npos ? 0 : std::strtol(time.c_str(), nullptr, 10);
  const long seconds = ((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2];
  return seconds <= std::numeric_limits<int>::max() ? std::optional(static_cast<int>(seconds)) : std::nullopt;
}

std::optional<int> seconds_left(const std::string& lines, const std::string& job) {
  std::istringstream in(lines);
  std::string number, time_left;
  while (in >> number >> time_left && number != job) continue;
  return number == job && time_left.find(':') != std::string::npos ? seconds_of(time_left) : std::nullopt;
}

int Place::tasks() const { return std::accumulate(tasks_per_node.begin(), tasks_per_node.end(), 0); }

Place Place::from(const Variable& variable) {
  Place place;
  place.requeued = number_or(variable("SLURM_RESTART_COUNT"), 0);
  if (!variable("OMPI_COMM_WORLD_SIZE").empty()) {
    place.kind = Kind::kRank;
    return place;
  }
  place.job = variable("SLURM_JOB_ID");
  if (place.job.empty()) return place;
  place.kind = variable("PMIX_RANK").empty() ? Kind::kAllocation : Kind::kStep;  // salloc's shell may be a step too, of Slurm's own
  place.nodes = hosts_of(variable("SLURM_JOB_NODELIST"));
  place.tasks_per_node = counts_of(variable("SLURM_TASKS_PER_NODE"));
  place.cpus_per_task = number_or(variable("SLURM_CPUS_PER_TASK"), 0);
  place.task = number_or(variable("SLURM_PROCID"), 0);
  place.step_tasks = number_or(variable("SLURM_STEP_NUM_TASKS"), 0);
  if (place.kind == Kind::kAllocation && place.step_tasks > 1)
    throw UsageError(fmt::format("Slurm started this {} times, each for itself: srun --mpi=pmix makes one run of them", place.step_tasks));
  return place;
}

std::string find_program(const std::string& name, const std::string& path) {
  for (std::size_t at = 0; at <= path.size();) {
    std::size_t end = std::min(path.find(':', at), path.size());
    std::string file = path.substr(at, end - at) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return "";
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  return find_program(name, path == nullptr ? "" : path);
}

Place Place::look() {
  auto variable = [](const std::string& name) -> std::string {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
  };
  Place place = from(variable);
  place.mpirun = find_program("prterun", variable("PATH"));  // Open MPI 5's own: Debian 13's mpirun crashes at a colon
  if (place.mpirun.empty()) place.mpirun = find_program("mpirun", variable("PATH"));
  place.srun = find_program("srun", variable("PATH"));
  place.is_root = ::geteuid() == 0;
  cpu_set_t allowed = base::allowed_processors();
  const std::vector<cpu_set_t> cores = base::cores_of_node();
  place.cores = static_cast<int>(std::count_if(cores.begin(), cores.end(), [&](const cpu_set_t& core) {
    cpu_set_t both;
    CPU_AND(&both, &core, &allowed);
    return CPU_COUNT(&both) != 0;
  }));
  return place;
}

}  // namespace gluster::command
