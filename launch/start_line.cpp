// Rank 0 is the master and takes no core; runners share those of their node among themselves, so nothing is bound from outside.
//
//     a shell          mpirun … -n 1 MASTER : -n N gluster-runner
//     an allocation    the same, runners where Slurm gave tasks; without mpirun: srun --mpi=pmix -n N+1, which starts
//     a step           gluster on every rank: the first becomes the master, the others gluster-runner
#include "start_line.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gluster/error.hpp>

namespace gluster::command {
namespace {

using Kind = Place::Kind;

struct Node {
  std::string name;
  int tasks;
};

void append(std::vector<std::string>& words, const std::vector<std::string>& more) { words.insert(words.end(), more.begin(), more.end()); }

// Those of the allocation that were asked for.
std::vector<Node> nodes_for(const Start& start, const Place& place) {
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < place.nodes.size(); ++i) {
    int tasks = i < place.tasks_per_node.size() ? place.tasks_per_node[i] : 1;
    if (start.hosts.empty() || std::count(start.hosts.begin(), start.hosts.end(), place.nodes[i]) != 0) nodes.push_back({place.nodes[i], tasks});
  }
  for (const std::string& host : start.hosts)
    if (std::count(place.nodes.begin(), place.nodes.end(), host) == 0)
      throw UsageError(fmt::format("{} is no node of this allocation; these are: {}", host, fmt::join(place.nodes, " ")));
  return nodes;
}

int tasks_of(const std::vector<Node>& nodes) {
  int tasks = 0;
  for (const Node& node : nodes) tasks += node.tasks;
  return tasks;
}

int runners_for(const Start& start, const Place& place, const std::vector<Node>& nodes) {
  if (start.runners < 0) throw UsageError(fmt::format("-n {}: at least one runner is needed", start.runners));
  if (place.kind == Kind::kNothing) return start.runners != 0 ? start.runners : std::max<int>(1, static_cast<int>(start.hosts.size()));
  const int most = tasks_of(nodes);
  if (start.runners > most)
    throw UsageError(fmt::format("-n {}: job {} has {} task{} for runners (--ntasks)", start.runners, place.job, most, most == 1 ? "" : "s"));
  return start.runners != 0 ? start.runners : most;
}

// `runners` of them, spread as Slurm spread its tasks.
std::vector<Node> spread(std::vector<Node> nodes, int runners) {
  std::vector<Node> used;
  for (Node node : nodes) {
    node.tasks = std::min(node.tasks, runners);
    runners -= node.tasks;
    if (node.tasks != 0) used.push_back(node);
  }
  return used;
}

std::string host_list(const std::vector<Node>& nodes) {
  std::string text;
  for (const Node& node : nodes) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", node.name, node.tasks);
  return text;
}

std::vector<std::string> master_words(const Start& start) {
  std::vector<std::string> words;
  if (start.holds_master) words = {start.self, "hold"};
  append(words, start.master);
  return words;
}

std::vector<std::string> runner_words(const Start& start) {
  std::vector<std::string> words{start.runner};
  if (start.threads != 0) append(words, {"--threads", std::to_string(start.threads)});
  return words;
}

void set_variables(const Start& start, const Place& place, Line& line) {
  const int threads = start.threads != 0 ? start.threads : place.cpus_per_task;
  line.environment.insert(start.variables.begin(), start.variables.end());
  if (threads != 0) line.environment["OMP_NUM_THREADS"] = std::to_string(threads);
}

Line by_mpirun(const Start& start, const Place& place, std::vector<Node> nodes, int runners) {
  Line line;
  line.rank_zero = start.self;
  line.words = {place.mpirun.empty() ? "mpirun" : place.mpirun, "--quiet", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none"};
  if (place.is_root)
    for (const char* prefix : {"OMPI", "PRTE"})
      for (const char* suffix : {"", "_CONFIRM"}) line.environment[fmt::format("{}_ALLOW_RUN_AS_ROOT{}", prefix, suffix)] = "1";
  // A rank that waits gives its core away: the master shares one with a runner.
  line.environment["OMPI_MCA_mpi_yield_when_idle"] = "1";
  set_variables(start, place, line);
  for (const auto& [name, value] : line.environment)
    if (!name.starts_with("OMPI_") && !name.starts_with("PRTE_")) append(line.words, {"-x", name});  // to other hosts too
  if (std::count(start.master.begin(), start.master.end(), ":") != 0)
    throw UsageError("a word that is a colon alone cannot be given to a master: mpirun would take it for the end of its part");
  append(line.words, {"-n", "1"});
  std::vector<Node> used = spread(std::move(nodes), runners);
  if (!used.empty()) {
    ++used.front().tasks;  // the master has one of its slots; both parts must say how many it has
    append(line.words, {"--host", host_list({used.front()})});
  }
  append(line.words, master_words(start));
  append(line.words, {":", "-n", std::to_string(runners)});
  if (!used.empty()) append(line.words, {"--host", host_list(used)});
  append(line.words, runner_words(start));
  return line;
}

Line by_srun(const Start& start, const Place& place, const std::vector<Node>& nodes, int tasks) {
  Line line;
  line.words = {place.srun, "--mpi=pmix", "-n", std::to_string(tasks)};
  if (place.cpus_per_task != 0) line.words.push_back(fmt::format("--cpus-per-task={}", place.cpus_per_task));  // srun does not take it from sbatch
  if (!start.hosts.empty()) line.words.push_back(fmt::format("--nodelist={}", fmt::join(start.hosts, ",")));
  if (!start.hosts.empty()) line.words.push_back(fmt::format("--nodes={}", spread(nodes, tasks).size()));  // else it adds others of the allocation
  append(line.words, {start.self, "run"});
  if (start.threads != 0) append(line.words, {"--threads", std::to_string(start.threads)});
  append(line.words, start.master);
  return line;
}

Line in_step(const Start& start, const Place& place) {
  if (place.step_tasks == 1) throw UsageError("this step has one task, the master's, and none for runners: srun -n N+1 for N runners");
  const int runners = place.step_tasks - 1;
  if (start.runners != 0 && start.runners != runners)
    throw UsageError(fmt::format("-n {}: this step has {} tasks, which are the master and {} runner{}: srun -n {}", start.runners, place.step_tasks,
                                 runners, runners == 1 ? "" : "s", start.runners + 1));
  if (!start.hosts.empty()) throw UsageError("--hosts: srun has placed this step's tasks already: srun --nodelist");
  Line line;
  line.words = place.task == 0 ? master_words(start) : runner_words(start);
  return line;
}

}  // namespace

Line line_for(const Start& start, const Place& place) {
  if (start.master.empty()) throw UsageError("which program? gluster run [OPTIONS] ./master ARGUMENTS");
  if (start.threads < 0) throw UsageError(fmt::format("--threads {}: a runner has one thread at least", start.threads));
  if (place.kind == Kind::kRank)
    throw UsageError("this is started by mpirun already: start the program itself there, mpirun -n 1 ./master : -n N gluster-runner");
  Line line;
  if (place.kind == Kind::kStep) {
    line = in_step(start, place);
  } else if (place.kind == Kind::kAllocation) {
    const std::vector<Node> nodes = nodes_for(start, place);
    const bool by_mpi = start.launcher.empty() ? !place.mpirun.empty() : start.launcher == "mpirun";
    if (by_mpi) {
      line = by_mpirun(start, place, nodes, runners_for(start, place, nodes));
    } else {
      if (place.srun.empty()) throw UsageError("there is neither mpirun nor srun in PATH");
      const int tasks = start.runners != 0 ? start.runners + 1 : tasks_of(nodes);
      if (tasks > tasks_of(nodes))
        throw UsageError(
            fmt::format("-n {}: job {} has {} tasks, of which srun gives one to the master (--ntasks)", start.runners, place.job, tasks_of(nodes)));
      if (tasks < 2)
        throw UsageError(fmt::format("job {} has one task: srun gives it to the master, and none is left for a runner (--ntasks)", place.job));
      line = by_srun(start, place, nodes, tasks);
    }
  } else {
    if (start.launcher == "srun") throw UsageError("srun needs an allocation: gluster submit, or salloc first");
    if (place.mpirun.empty()) throw UsageError("there is no mpirun in PATH, and this is no Slurm allocation");
    std::vector<Node> nodes;
    const int runners = runners_for(start, place, nodes);
    const int hosts = static_cast<int>(start.hosts.size());
    for (int i = 0; i < hosts; ++i) nodes.push_back({start.hosts[static_cast<std::size_t>(i)], runners / hosts + (i < runners % hosts ? 1 : 0)});
    line = by_mpirun(start, place, nodes, runners);
  }
  line.reads_input = start.reads_input;
  set_variables(start, place, line);
  return line;
}

std::string quoted(const std::string& word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string Line::text() const {
  std::string text;
  for (const auto& [name, value] : environment) text += fmt::format("{}={} ", name, quoted(value));
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : " ") + quoted(words[i]);
  return text;
}

}  // namespace gluster::command
