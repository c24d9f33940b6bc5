#include "demo_product.hpp"

#include <freivalds.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "demo_workers.hpp"

namespace demo {
namespace {

using Rows = gluster::Block<double>;

struct Matrices {
  explicit Matrices(std::int64_t size) : n(size), a(static_cast<std::size_t>(n * n)), b(a.size()) {
    std::mt19937_64 generator(2023);
    std::uniform_real_distribution<double> element(-1.0, 1.0);
    std::ranges::generate(a, [&] { return element(generator); });
    std::ranges::generate(b, [&] { return element(generator); });
  }
  std::span<const double> rows_of_a(gluster::Range rows) const {
    return std::span(a).subspan(static_cast<std::size_t>(rows.begin * n), static_cast<std::size_t>(rows.size() * n));
  }
  std::int64_t n;
  std::vector<double> a;
  std::vector<double> b;
};

// Freivalds' check of each part of C: no part can hide behind another.
void expect_right(const Matrices& matrices, const std::vector<gluster::Range>& parts, const std::vector<Rows>& c) {
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const double residual =
        baselines::largest_relative_residual(matrices.rows_of_a(parts[at]), matrices.b, c[at], matrices.n, std::random_device()());
    if (residual <= baselines::rounding_error(matrices.n)) continue;
    throw std::runtime_error(
        fmt::format("the matrix product is wrong: rows {} to {} have a relative residual of {:.1e}", parts[at].begin, parts[at].end - 1, residual));
  }
}

// Rows of A, and B, are borrowed: they are sent from where they lie. C stays in the blocks it came in: each has whole
// rows, so nobody needs them side by side.
Round run_round(gluster::Cluster& cluster, const Matrices& matrices, Places& places, Progress& progress, const std::string& doing) {
  const auto parts = gluster::split(matrices.n, cluster.workers());
  std::vector<gluster::Job<Rows>> jobs;
  jobs.reserve(parts.size());
  std::vector<Rows> c;
  const auto start = gluster::Clock::now();
  for (const auto& part : parts) {
    jobs.push_back(cluster.run<Rows>("matmul.multiply", matrices.rows_of_a(part), std::span(matrices.b), matrices.n));
  }
  for (auto& job : jobs) {
    while (!job.wait_for(std::chrono::milliseconds(100))) {
      progress.now(fmt::format("{}: Gluster, {} of {} parts back, {:.1f} s", doing, c.size(), jobs.size(), seconds_since(start)));
    }
    c.push_back(job.get());
  }
  const double seconds = seconds_since(start);
  expect_right(matrices, parts, c);
  KernelTime kernel;
  for (const auto& job : jobs) {
    places.add(job.info());
    kernel.add(job.info());
  }
  return {seconds, kernel.longest()};
}

// Both contestants.
struct Match {
  Places places;
  Rounds gluster;
  Rounds by_hand;
};

std::string last_round(const Match& match) {
  const std::string text = fmt::format("Gluster {:.3f} s", match.gluster.last());
  return match.by_hand.empty() ? text : fmt::format("{}, by hand {:.3f} s", text, match.by_hand.last());
}

std::vector<Line> lines_of(const std::string& name, std::int64_t n, const gluster::Cluster& cluster, const Match& match) {
  const auto runners = cluster.runners();
  const auto workers = workers_text(threads_of(cluster));
  const double gigaflop = 2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  const double by_hand = match.by_hand.empty() ? 0 : match.by_hand.median();
  Line gluster{name, match.places.text(), workers, match.gluster, gigaflop, "GFLOP/s", by_hand};
  if (by_hand == 0) return {gluster};
  Places ranks;
  for (std::size_t rank = 0; rank < runners.size(); ++rank) ranks.add(runners[0].host, static_cast<int>(rank));
  return {gluster, {"  hand-written MPI + OpenMP", ranks.text(), workers, match.by_hand, gigaflop, "GFLOP/s", by_hand}};
}

}  // namespace

std::vector<Line> multiply(gluster::Cluster& cluster, std::int64_t size, int rounds, ByHand* by_hand, Progress& progress) {
  const std::string name = fmt::format("matrix product {0} x {0}", size);
  progress.now(name + ": making A and B");
  const Matrices matrices(size);
  Match match;
  for (int round = 1; round <= rounds; ++round) {
    const std::string doing = fmt::format("{}, round {} of {}", name, round, rounds);
    progress.now(doing + ": by hand");
    if (by_hand != nullptr) match.by_hand.add(by_hand->turn(size, threads_of(cluster)));
    // By hand, a round that does not count comes ahead of each turn's; so here.
    if (by_hand != nullptr || round == 1) run_round(cluster, matrices, match.places, progress, doing);
    match.gluster.add(run_round(cluster, matrices, match.places, progress, doing));
    progress.round(round, rounds, fmt::format("{}: {}", doing, last_round(match)));
  }
  return lines_of(name, size, cluster, match);
}

}  // namespace demo
