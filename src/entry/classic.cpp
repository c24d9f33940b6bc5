#include <gluster/classic.hpp>

#include <atomic>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "entry/running.hpp"

namespace gluster::classic {
namespace {

// The one mutable global of the library: the paper's calls name no cluster.
struct Running {
  std::mutex mutex;
  Cluster* cluster = nullptr;
  std::map<int, detail::Entry> jobs;  // an entry without a state was taken
  int next = 0;
} running;

detail::Entry& find(int id) {
  auto at = running.jobs.find(id);
  if (at == running.jobs.end()) throw UsageError(fmt::format("there is no job {}", id));
  if (!at->second.state) throw UsageError(fmt::format("the value of job {} was taken before", id));
  return at->second;
}

}  // namespace

namespace detail {

Cluster& cluster() {
  std::lock_guard lock(running.mutex);
  if (running.cluster == nullptr) throw UsageError("there is no cluster: the classic calls work inside gluster::launch, on the master");
  return *running.cluster;
}

int add(Entry entry) {
  std::lock_guard lock(running.mutex);
  running.jobs[running.next] = std::move(entry);
  return running.next++;
}

Entry take(int id, const std::type_info& reply) {
  std::lock_guard lock(running.mutex);
  Entry& entry = find(id);
  if (*entry.reply != reply) throw UsageError(fmt::format("job {} was started with another reply type", id));
  if (!entry.state->ended()) throw UsageError(fmt::format("job {} is not done", id));
  return std::exchange(entry, {});
}

}  // namespace detail

bool JobDone(int id) {
  std::shared_ptr<JobState> state;
  {
    std::lock_guard lock(running.mutex);
    auto at = running.jobs.find(id);
    if (at != running.jobs.end() && !at->second.state) return true;
    state = find(id).state;
  }
  // A moment's wait and not a look, so that the listing's busy loop costs no core.
  return state->done() || state->wait(Clock::now() + std::chrono::milliseconds(1));
}

void AddRunner(const std::string& host) { detail::cluster().use_host(host); }

void AddRunnerPort(const std::string& host, int port) {
  throw UsageError(
      fmt::format("AddRunnerPort({}, {}): this version has no resident pool; start the runners with mpirun or srun, and name hosts "
                  "with AddRunner",
                  host, port));
}

void ImportFunctionFile(const std::string& file) { detail::cluster().import_functions(file); }
void ImportFunctionFileSO(const std::string& file) { detail::cluster().import_functions(file); }
void SetDebug(bool on) { detail::cluster().set_log_level(on ? "debug" : "warn"); }

std::vector<RunnerInfo> GetRunnerInfo() {
  std::vector<RunnerInfo> list;
  for (const auto& runner : detail::cluster().runners()) list.push_back({runner.host, runner.cores, runner.architecture, runner.os});
  return list;
}

std::vector<RunnerStatus> GetRunnerStatus() {
  std::vector<RunnerStatus> list;
  for (const auto& runner : detail::cluster().status().runners) list.push_back({runner.host, runner.plugins, runner.load, runner.calls});
  return list;
}

}  // namespace gluster::classic

namespace gluster::entry {

RunningCluster::RunningCluster(Cluster& cluster) {
  std::lock_guard lock(classic::running.mutex);
  classic::running.cluster = &cluster;
}

RunningCluster::~RunningCluster() {
  std::lock_guard lock(classic::running.mutex);
  classic::running.cluster = nullptr;
  classic::running.jobs.clear();
}

}  // namespace gluster::entry
