#include <filesystem>
#include <ranges>
#include <stdexcept>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {

void journals(const Bench& bench) {
  constexpr std::int64_t kCount = 200, kNanoseconds = 10'000'000;
  const auto run = [&](const std::filesystem::path& journal) {
    std::filesystem::remove(bench.label);
    double seconds = 0;
    bench.stage.with_cluster([&](gluster::Cluster& cluster) {
      wake(cluster);
      const auto lengths = std::views::iota(std::int64_t{0}, kCount) | std::views::transform([&](std::int64_t) { return kNanoseconds; });
      seconds = seconds_of([&] {
        if (std::ssize(cluster.map<std::int64_t>("data.compute", lengths, {.journal = journal}).get()) != kCount)
          throw std::runtime_error("a map: items are missing");
      });
    });
    return 1e3 * seconds;
  };
  Figure figure{.name = fmt::format("map of {} items of 10 ms, {}, journalled / not", kCount, runners(bench.stage.workers())),
                .unit = "ms",
                .budget = ratio_at_most(1.03)};
  figure.note = "from the first item to the last value, which is on disk";
  const auto end = Clock::now() + std::chrono::duration<double>(4 * bench.effort.seconds);
  for (int round = 0; round < bench.effort.least_rounds || Clock::now() < end; ++round) {
    if (round % 2 == 0) figure.baseline.push_back(run({}));
    figure.values.push_back(run(bench.label));
    if (round % 2 == 1) figure.baseline.push_back(run({}));
  }
  std::filesystem::remove(bench.label);
  bench.report.add(figure);
}

}  // namespace bench
