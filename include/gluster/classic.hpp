#pragma once
#include <memory>
#include <string>
#include <utility>

#include <gluster/cluster.hpp>

/// The paper's own calls by the paper's names, so that its listing ports line by line. They act on the cluster of the running
/// launch(); outside one they throw UsageError. Any thread may call them.
namespace gluster::classic {

struct RunnerInfo {
  std::string Host;
  int Cores = 0;
  std::string Architecture;
  std::string OS;
};
struct RunnerStatus {
  std::string Host;
  std::vector<std::string> Plugins;
  double Load = 0;  ///< the host's, over one minute
  int RunningJobs = 0;
};

/// Puts the runners on `host` to use; with no such call, all are. UsageError when there is none.
void AddRunner(const std::string& host);
/// A resident pool's: not in this version; throws a UsageError that says so.
void AddRunnerPort(const std::string& host, int port);
/// A source file, or a built plugin.
void ImportFunctionFile(const std::string& file);
/// The same, for a built one.
void ImportFunctionFileSO(const std::string& file);
/// Messages of the library itself.
void SetDebug(bool on);

std::vector<RunnerInfo> GetRunnerInfo();
std::vector<RunnerStatus> GetRunnerStatus();

/// True once the job has ended, with a value or an error; yields, so that a loop around it costs no core. UsageError for an
/// unknown number.
bool JobDone(int id);

namespace detail {

/// A job of whatever type, by its number.
struct Entry {
  std::shared_ptr<JobState> state;
  const std::type_info* reply = nullptr;
};
Cluster& cluster();
int add(Entry entry);
/// The entry, taken off; throws UsageError when it is unknown, was taken, has not ended, or is of another type.
Entry take(int id, const std::type_info& reply);

}  // namespace detail

/// Starts a call and returns its number at once. Throws where the paper's code returns -1.
template <class Reply, class... A>
int RunDist(const std::string& function, A&&... arguments) {
  Job<Reply> job = detail::cluster().run<Reply>(function, std::forward<A>(arguments)...);
  return detail::add({job.state().shared_from_this(), &typeid(Reply)});
}

/// Moves the value out, or throws the job's error. Never waits: a UsageError when the job is not done, was taken before, or is
/// unknown.
template <class Reply>
Reply GetReturn(int id) {
  auto entry = detail::take(id, typeid(Reply));
  return Job<Reply>(std::static_pointer_cast<gluster::detail::Value<Reply>>(std::move(entry.state))).get_now();
}

}  // namespace gluster::classic
