#include "stage.hpp"

#include <sched.h>

#include <stdexcept>
#include <thread>
#include <utility>

#include <gluster/session.hpp>

namespace bench {
namespace {

constexpr int kOrderTag = 9;
constexpr int kEnd = -1;
constexpr int kSession = -2;
constexpr std::chrono::milliseconds kAttentive{20};
constexpr std::chrono::microseconds kNap{100};

gluster::Options options_with(const Setting& setting) {
  gluster::Options options = gluster::Options::from_environment();
  if (setting.cache[0] != '\0') options.cache = setting.cache.data();
  if (setting.trace[0] != '\0') options.trace = setting.trace.data();
  options.master_computes = setting.master_computes;
  return options;
}

void put(const std::string& path, std::span<char> place) {
  if (path.size() >= place.size()) throw std::runtime_error("the path is too long: " + path);
  path.copy(place.data(), path.size());
}

// A runner may bind itself to its share of the cores: while this lives only.
class KeptBinding {
 public:
  KeptBinding() { ::sched_getaffinity(0, sizeof set_, &set_); }
  ~KeptBinding() { ::sched_setaffinity(0, sizeof set_, &set_); }
  KeptBinding(const KeptBinding&) = delete;

 private:
  cpu_set_t set_{};
};

// A rank that has no part in what the others do now must not take a core from them, as MPI_Recv would.
void await_message(MPI_Comm comm) {
  const auto start = Clock::now();
  for (int is_there = 0;;) {
    MPI_Iprobe(0, kOrderTag, comm, &is_there, MPI_STATUS_IGNORE);
    if (is_there != 0) return;
    if (Clock::now() - start < kAttentive) ::sched_yield();
    else std::this_thread::sleep_for(kNap);
  }
}

}  // namespace

Setting Setting::with_cache(const std::string& directory) {
  Setting setting;
  put(directory, setting.cache);
  return setting;
}

Setting Setting::with_trace(const std::string& file) {
  Setting setting;
  put(file, setting.trace);
  return setting;
}

Stage::Stage(std::vector<std::string> plugins) : plugins_(std::move(plugins)) {
  MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Stage::~Stage() {
  if (rank_ == 0) order({kEnd});
  MPI_Comm_free(&comm_);
}

void Stage::order(const Order& order) const {
  for (int rank = 1; rank < size_; ++rank) MPI_Send(&order, sizeof order, MPI_BYTE, rank, kOrderTag, comm_);
}

void Stage::follow(const std::function<void(const Order&)>& perform) {
  for (Order order{kSession}; order.act != kEnd;) {
    await_message(comm_);
    MPI_Recv(&order, sizeof order, MPI_BYTE, 0, kOrderTag, comm_, MPI_STATUS_IGNORE);
    if (order.act == kSession) {
      const KeptBinding binding;
      gluster::Session(comm_, options_with(order.setting)).serve();
    } else if (order.act != kEnd) {
      perform(order);
    }
  }
}

void Stage::with_cluster(const std::function<void(gluster::Cluster&)>& what, const Setting& setting) const {
  with_bare_cluster(setting, [&](gluster::Cluster& cluster) {
    for (const std::string& plugin : plugins_) cluster.import_functions(plugin);
    what(cluster);
  });
}

void Stage::with_bare_cluster(const Setting& setting, const std::function<void(gluster::Cluster&)>& what) const {
  const KeptBinding binding;
  order({.act = kSession, .setting = setting});
  gluster::Session master(comm_, options_with(setting));
  what(master.cluster());
}

Figure Stage::run(Figure figure, const Contest& contest) const {
  const auto end = Clock::now() + std::chrono::duration<double>(contest.seconds);
  const auto raw = [&] {
    if (contest.raw) figure.baseline.push_back(contest.raw());
  };
  const auto ours = [&] { with_cluster([&](gluster::Cluster& cluster) { figure.values.push_back(contest.gluster(cluster)); }, contest.setting); };
  for (int round = 0; round < contest.least_rounds || Clock::now() < end; ++round) {
    if (round % 2 == 0) raw();
    ours();
    if (round % 2 == 1) raw();
  }
  return figure;
}

}  // namespace bench
