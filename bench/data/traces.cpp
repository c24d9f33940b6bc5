#include <functional>
#include <ranges>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

using Work = std::function<void(gluster::Cluster&)>;

constexpr Budget kHundredth = ratio_at_most(1.01);

void call_each(gluster::Cluster& cluster, std::int64_t calls, std::chrono::nanoseconds length) {
  const auto kernel = cluster.function<std::int64_t(std::int64_t)>("data.compute");
  std::vector<gluster::Job<std::int64_t>> jobs;
  for (std::int64_t call = 0; call < calls; ++call) jobs.push_back(kernel(length.count()));
  for (auto& job : jobs) {
    if (job.get() < length.count()) throw std::runtime_error("compute: it ended too soon");
  }
}

void map_over(gluster::Cluster& cluster, std::int64_t items, std::chrono::nanoseconds length) {
  const auto lengths = std::views::iota(std::int64_t{0}, items) | std::views::transform([&](std::int64_t) { return length.count(); });
  if (std::ssize(cluster.map<std::int64_t>("data.compute", lengths).get()) != items) throw std::runtime_error("a map: items are missing");
}

// 8 MiB there with each.
void send_with_each(gluster::Cluster& cluster, std::int64_t calls) {
  const std::vector<double> data((std::size_t{8} << 20) / sizeof(double), 1);
  const auto kernel = cluster.function<double(std::span<const double>)>("data.sum");
  for (std::int64_t call = 0; call < calls; ++call) {
    if (kernel(gluster::view(data)).get() != static_cast<double>(data.size())) throw std::runtime_error("sum: its value is wrong");
  }
}

}  // namespace

void traces(const Bench& bench) {
  const auto compare = [&](const char* what, std::optional<Budget> budget, const Work& work) {
    const auto run = [&](const Setting& setting) { return 1e3 * seconds_of([&] { bench.stage.with_cluster(work, setting); }); };
    Figure figure{.name = fmt::format("{}, {}, traced / not", what, runners(bench.stage.workers())), .unit = "ms", .budget = budget};
    figure.note = "whole sessions, with the trace's way to its file";
    run({});  // not counted
    const auto end = Clock::now() + std::chrono::duration<double>(4 * bench.effort.seconds);
    for (int round = 0; round < bench.effort.least_rounds || Clock::now() < end; ++round) {
      if (round % 2 == 0) figure.baseline.push_back(run({}));
      figure.values.push_back(run(Setting::with_trace(bench.label)));
      if (round % 2 == 1) figure.baseline.push_back(run({}));
    }
    bench.report.add(figure);
  };
  compare("300 calls of 1 ms", kHundredth, [](auto& cluster) { call_each(cluster, 300, std::chrono::milliseconds(1)); });
  compare("3,000 calls of 100 us", {}, [](auto& cluster) { call_each(cluster, 3'000, std::chrono::microseconds(100)); });
  compare("map of 30,000 items of 10 us", kHundredth, [](auto& cluster) { map_over(cluster, 30'000, std::chrono::microseconds(10)); });
  compare("100 calls with 8 MiB", kHundredth, [](auto& cluster) { send_with_each(cluster, 100); });
}

}  // namespace bench
