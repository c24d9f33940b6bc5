#include "call/stage.hpp"

#include <stdexcept>

#include <gluster/session.hpp>

#include "baselines/master_worker.hpp"
#include "baselines/ping_pong.hpp"
#include "baselines/transfer.hpp"
#include "baselines/word_counts.hpp"

namespace bench {
namespace {

constexpr int kOrderTag = 9;

gluster::Options options_with(const char* cache) {
  gluster::Options options = gluster::Options::from_environment();
  if (*cache != '\0') options.cache = cache;
  return options;
}

}  // namespace

Stage::Stage() {
  MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Stage::~Stage() {
  if (rank_ == 0) order({Act::kEnd});
  MPI_Comm_free(&comm_);
}

void Stage::order(const Order& order) const {
  for (int rank = 1; rank < size_; ++rank) MPI_Send(&order, sizeof order, MPI_BYTE, rank, kOrderTag, comm_);
}

void Stage::follow() {
  std::vector<double> buffer;
  for (Order order{Act::kSession}; order.act != Act::kEnd;) {
    MPI_Recv(&order, sizeof order, MPI_BYTE, 0, kOrderTag, comm_, MPI_STATUS_IGNORE);
    follow(order, buffer);
  }
}

// `buffer` is kept from one order to the next: it is what a baseline receives into, or sends from, when it is warm.
void Stage::follow(const Order& order, std::vector<double>& buffer) const {
  const auto first = static_cast<std::size_t>(order.first);
  const auto second = static_cast<std::size_t>(order.second);
  const auto repeat = [&](auto&& what) {
    for (std::int64_t i = 0; i < order.times; ++i) what();
  };
  const auto warm = [&]() -> std::span<double> {
    if (buffer.size() != first) buffer = std::vector<double>(first, 1);
    return buffer;
  };
  switch (order.act) {
    case Act::kEnd: return;
    case Act::kSession: return gluster::Session(comm_, options_with(order.cache.data())).serve();
    case Act::kPong: {
      std::vector<std::byte> there(first);
      const std::vector<std::byte> back(second);
      return baselines::pong(comm_, 0, there, back, order.times);
    }
    case Act::kWork: return baselines::work(comm_, first, second);
    case Act::kAcceptWarm: return repeat([&, into = warm()] { baselines::accept_warm(comm_, 0, into); });
    case Act::kAcceptFresh: return repeat([&] { baselines::accept_fresh(comm_, 0, first); });
    case Act::kSupply: return repeat([&, data = warm()] { baselines::supply(comm_, 0, data); });
    case Act::kSupplyCounts: {
      const baselines::Counts counts = baselines::some_counts(order.first);
      return repeat([&] { baselines::supply_counts(comm_, 0, counts); });
    }
  }
}

void Stage::with_cluster(const std::function<void(gluster::Cluster&)>& what) const {
  with_bare_cluster("", [&](gluster::Cluster& cluster) {
    cluster.import_functions(BENCH_TRAFFIC);
    what(cluster);
  });
}

void Stage::with_bare_cluster(const std::string& cache, const std::function<void(gluster::Cluster&)>& what) const {
  Order session{Act::kSession};
  if (cache.size() >= session.cache.size()) throw std::runtime_error("the path of the cache is too long: " + cache);
  cache.copy(session.cache.data(), cache.size());
  order(session);
  gluster::Session master(comm_, options_with(session.cache.data()));
  what(master.cluster());
}

Figure Stage::run(Figure figure, const Contest& contest) const {
  const auto end = Clock::now() + std::chrono::duration<double>(contest.seconds);
  const auto raw = [&] {
    if (contest.raw) figure.baseline.push_back(contest.raw());
  };
  const auto ours = [&] { with_cluster([&](gluster::Cluster& cluster) { figure.values.push_back(contest.gluster(cluster)); }); };
  for (int round = 0; round < contest.least_rounds || Clock::now() < end; ++round) {
    if (round % 2 == 0) raw();
    ours();
    if (round % 2 == 1) raw();
  }
  return figure;
}

}  // namespace bench
