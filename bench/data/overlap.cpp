#include <algorithm>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

constexpr std::int64_t kCalls = 16;

// All at once; seconds until the last has ended.
double seconds_of_calls(gluster::Cluster& cluster, std::span<const double> data, double seconds_each) {
  const auto kernel = cluster.function<double(std::span<const double>, std::int64_t)>("data.compute_beside");
  const auto nanoseconds = static_cast<std::int64_t>(seconds_each * 1e9);
  return seconds_of([&] {
    std::vector<gluster::Job<double>> jobs;
    for (std::int64_t call = 0; call < kCalls; ++call) jobs.push_back(kernel(data, nanoseconds));
    for (auto& job : jobs) {
      if (job.get() != data.back()) throw std::runtime_error("compute_beside: its value is wrong");
    }
  });
}

}  // namespace

void overlap(const Bench& bench) {
  const std::vector<double> data((std::size_t{32} << 20) / sizeof(double), 1);
  const auto measure = [&](const char* what, double ways) {
    Figure figure{.name = fmt::format("16 calls of 32 MiB, kernel {} / the longer", what), .unit = "s"};
    figure.note = "baseline: the longer of the same calls without work, and of their work without data";
    for (int round = 0; round < bench.effort.least_rounds; ++round) {
      bench.stage.with_cluster([&](gluster::Cluster& cluster) {
        seconds_of_calls(cluster, data, 0);  // the runner's memory is warm from now on
        const double transfer = seconds_of_calls(cluster, data, 0);
        const double each = ways * transfer / kCalls;
        const double compute = seconds_of_calls(cluster, std::span(data).first(1), each);
        seconds_of_calls(cluster, data, each);  // as the first of the others: not counted
        figure.values.push_back(seconds_of_calls(cluster, data, each));
        figure.baseline.push_back(std::max(transfer, compute));
      });
    }
    bench.report.add(figure);
  };
  measure("= way", 1);
  measure("= 4 ways", 4);
}

}  // namespace bench
