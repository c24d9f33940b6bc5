#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

// Of all processes, each page once: where several have it, a part of it counts for each.
double mebibytes_of(const std::vector<std::int64_t>& processes) {
  double kibibytes = 0;
  for (const std::int64_t process : processes) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", process));
    std::string word;
    while (file >> word && word != "Pss:") continue;
    double value = 0;
    if (!(file >> value)) throw std::runtime_error("/proc/PID/smaps_rollup says nothing of Pss");
    kibibytes += value;
  }
  return kibibytes / 1024;
}

}  // namespace

void node_memory(const Bench& bench) {
  constexpr std::size_t kMebibytes = 128;
  std::vector<double> data((kMebibytes << 20) / sizeof(double), 1);
  const auto growth = [&](double before) { return mebibytes_of(bench.hand.processes()) - before; };
  const auto by_hand = [&] {
    bench.hand.drop_buffers();
    bench.hand.broadcast({Use::kSum}, std::span(data).first(1));  // dropped, and the way is known
    const double before = mebibytes_of(bench.hand.processes());
    bench.hand.broadcast({Use::kSum}, data);
    const double more = growth(before);
    bench.hand.drop_buffers();
    return more;
  };
  const auto by_share = [&](gluster::Cluster& cluster) {
    wake(cluster);
    const double before = mebibytes_of(bench.hand.processes());
    const auto shared = cluster.share(data);
    std::vector<gluster::Job<double>> jobs;
    for (int i = 0; i < cluster.workers(); ++i) jobs.push_back(cluster.run<double>("data.sum", shared));
    for (auto& job : jobs) job.get();
    return growth(before);
  };
  Figure figure{.name = fmt::format("memory of 128 MiB for {} / Bcast", runners(bench.stage.workers())), .unit = "MiB"};
  figure.budget = value_at_most(1.05 * kMebibytes);
  figure.note = "what all ranks together have more, without rank 0's own array, when all others have read all of it";
  bench.report.add(bench.stage.run(std::move(figure), {by_hand, by_share, 0, bench.effort.least_rounds}));
}

}  // namespace bench
