#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

using Numbers = std::vector<std::int64_t>;

// 1 to 100 ms, each twice, in an order that is always the same; nanoseconds.
Numbers uneven_tasks() {
  Numbers tasks;
  for (std::int64_t i = 0; i < 200; ++i) tasks.push_back((i % 100 + 1) * 1'000'000);
  std::ranges::shuffle(tasks, std::mt19937_64(200));
  return tasks;
}

double seconds_of_all(const Numbers& tasks) { return static_cast<double>(std::accumulate(tasks.begin(), tasks.end(), std::int64_t{0})) * 1e-9; }

// When whoever is free takes the next one, at no cost.
double seconds_of_greedy(const Numbers& tasks, int workers) {
  std::vector<std::int64_t> busy_until(static_cast<std::size_t>(workers));
  for (const std::int64_t task : tasks) *std::ranges::min_element(busy_until) += task;
  return static_cast<double>(std::ranges::max(busy_until)) * 1e-9;
}

}  // namespace

void tasks(const Bench& bench) {
  const int workers = bench.stage.workers();
  const bool compute = workers <= ::sysconf(_SC_NPROCESSORS_ONLN);
  const Item item = compute ? Item::kCompute : Item::kNap;
  const Numbers tasks = uneven_tasks();
  const double longest = static_cast<double>(std::ranges::max(tasks)) * 1e-9;
  const double ideal = std::max(seconds_of_all(tasks) / workers, longest);
  const std::string what = fmt::format("200 {} of 1 to 100 ms, {} workers", compute ? "tasks" : "sleeps", workers);
  Figure map{.name = what, .unit = "s", .budget = ratio_at_most(1.03)};
  Figure farm{.name = what + ", by hand", .unit = "s"};
  Figure split{.name = what + ", split", .unit = "s"};
  map.note = fmt::format("baseline: the ideal makespan; whoever is free taking the next would need {:.3f} s", seconds_of_greedy(tasks, workers));
  farm.note = "the same baseline; a self-scheduling farm by hand, tasks one by one, one waits at each worker";
  split.note = "the same baseline; by hand, a chunk of tasks a worker";

  Numbers values(tasks.size());
  const auto expect_right = [&] {
    if (values != tasks) throw std::runtime_error("a task's value is wrong");
  };
  const auto by_hand = [&](Figure& figure, std::size_t chunk) {
    values.clear();
    figure.values.push_back(bench.hand.farm_out({item, chunk, baselines::Sent::kItems}, tasks, values));
    expect_right();
  };
  for (int round = 0; round < bench.effort.task_rounds; ++round) {
    bench.stage.with_cluster([&](gluster::Cluster& cluster) {
      map.values.push_back(seconds_of([&] { values = cluster.map<std::int64_t>(function_of(item).kernel, tasks).get(); }));
    });
    expect_right();
    by_hand(farm, 1);
    by_hand(split, (tasks.size() + static_cast<std::size_t>(workers) - 1) / static_cast<std::size_t>(workers));
  }
  for (Figure* figure : {&map, &farm, &split}) {
    figure->baseline.assign(figure->values.size(), ideal);
    bench.report.add(*figure);
  }
}

}  // namespace bench
