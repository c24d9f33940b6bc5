#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

using Data = std::vector<double>;
using Shared = gluster::Shared<double>;

void fill(std::span<double> data) {
  for (std::size_t at = 0; at < data.size(); ++at) data[at] = static_cast<double>(at % 1000 + 1);  // sums are exact
}

Data some_data(std::size_t mebibytes) {
  Data data((mebibytes << 20) / sizeof(double));
  fill(data);
  return data;
}

/// Large data to every runner, until each has used it.
class Transfer {
 public:
  Transfer(const Bench& bench, std::size_t mebibytes) : bench_(&bench), data_(some_data(mebibytes)) {}

  /// How it comes to be where it is shared from.
  enum class From { kVector, kPlace };

  struct Way {
    const char* name;
    Use use = Use::kLast;
    From from = From::kVector;
    bool is_first = false;
    bool to_one = false;  ///< by hand
    std::optional<Budget> budget = std::nullopt;
  };
  void measure(const std::string& name, const Way& way) {
    Figure figure{.name = fmt::format("{} {}", name, way.name), .unit = "ms", .budget = way.budget};
    figure.note = way.is_first ? "memory that nobody has touched before, on both sides" : "memory that was used before, on both sides";
    bench_->report.add(bench_->stage.run(std::move(figure), {.raw = [&] { return by_hand(way); },
                                                             .gluster = [&](auto& cluster) { return by_share(cluster, way); },
                                                             .seconds = bench_->effort.seconds,
                                                             .least_rounds = bench_->effort.least_rounds}));
  }

 private:
  static constexpr int kTimes = 3;

  // `once` returns seconds.
  template <class F>
  static double milliseconds(const Way& way, F&& once) {
    if (way.is_first) return once() * 1e3;
    once();
    std::vector<double> seconds;
    for (int i = 0; i < kTimes; ++i) seconds.push_back(once());
    return median(seconds) * 1e3;
  }

  double by_hand(const Way& way) {
    return milliseconds(way, [&] {
      const double filling = way.from == From::kPlace ? seconds_of([&] { fill(data_); }) : 0;
      return filling + bench_->hand.broadcast({way.use, way.to_one, way.is_first}, data_);
    });
  }

  double by_share(gluster::Cluster& cluster, const Way& way) {
    wake(cluster);
    return milliseconds(way, [&] {
      Shared shared;
      double found = 0;
      const double seconds = seconds_of([&] {
        shared = way.from == From::kPlace ? fill_in_place(cluster) : cluster.share(data_);
        found = use_at_all(cluster, shared, way.use);
      });
      if (found != function_of(way.use).by_hand(data_) * cluster.workers()) throw std::runtime_error("a runner has got something else");
      shared = {};
      wake(cluster);  // all of them have let it go
      return seconds;
    });
  }

  Shared fill_in_place(gluster::Cluster& cluster) const {
    Shared shared = cluster.allocate<double>(data_.size());
    fill(shared.writable());
    shared.seal();
    return shared;
  }

  static double use_at_all(gluster::Cluster& cluster, const Shared& shared, Use use) {
    std::vector<gluster::Job<double>> jobs;
    for (int i = 0; i < cluster.workers(); ++i) jobs.push_back(cluster.run<double>(function_of(use).kernel, shared));
    return std::accumulate(jobs.begin(), jobs.end(), 0.0, [](double all, auto& job) { return all + job.get(); });
  }

  const Bench* bench_;
  Data data_;
};

}  // namespace

std::string runners(int count) { return fmt::format("{} runner{}", count, count == 1 ? "" : "s"); }

void wake(gluster::Cluster& cluster) {
  std::vector<gluster::Job<std::int64_t>> jobs;
  for (int i = 0; i < cluster.workers(); ++i) jobs.push_back(cluster.run<std::int64_t>("data.nap", std::int64_t{5'000'000}));
  for (auto& job : jobs) job.get();
}

void shares(const Bench& bench) {
  using From = Transfer::From;
  Transfer transfer(bench, 128);
  const std::string name = fmt::format("128 MiB, {},", runners(bench.stage.workers()));
  const auto faster = ratio_at_most(1);
  transfer.measure(name, {.name = "first / Bcast, first", .is_first = true});
  transfer.measure(name, {.name = "first, read / Bcast, first", .use = Use::kSum, .is_first = true});
  transfer.measure(name, {.name = "again / Bcast"});
  transfer.measure(name, {.name = "again / Bcast to 1", .to_one = true, .budget = faster});
  transfer.measure(name, {.name = "again, read / Bcast", .use = Use::kSum});
  transfer.measure(name, {.name = "made in place / Bcast to 1", .from = From::kPlace, .to_one = true, .budget = faster});
}

void hosts(const Bench& bench) {
  Transfer transfer(bench, 32);
  transfer.measure(fmt::format("32 MiB to {} hosts, {}", bench.stage.workers(), bench.label), {.name = "/ Bcast", .budget = ratio_at_most(1.1)});
}

}  // namespace bench
