#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "baselines/freivalds.hpp"
#include "data/figures.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using Span = std::span<double>;
using ConstSpan = std::span<const double>;
using Shared = gluster::Shared<double>;

void forget(Span c) { std::ranges::fill(c, std::numeric_limits<double>::quiet_NaN()); }

/// C = A·B of one size by one kernel, by all ways.
class Match {
 public:
  Match(const Bench& bench, Product product, std::int64_t n) : bench_(&bench), product_(product), n_(n) {}

  void run(int rounds) {
    std::vector<std::function<void()>> contestants = {
        [&] { by_hand(); },
        [&] { by_gluster(false); },
        [&] { by_gluster(true); },
    };
    by_hand();  // not counted: it touches what it uses
    for (std::vector<double>* times : {&scattered_, &windows_}) times->clear();
    for (int round = 0; round < rounds; ++round) {
      for (const auto& contestant : contestants) contestant();
      std::ranges::rotate(contestants, contestants.begin() + 1);
    }
  }

  void report() const {
    for (const bool too : {false, true}) {
      add(too ? ", master too / scatter, gather" : " / scatter, gather", vectors_[too], scattered_);
      add(too ? " in place, master too / windows" : " in place / windows", places_[too], windows_);
    }
  }

 private:
  void by_hand() {
    auto& plain = bench_->hand.scattered();
    auto& shared = bench_->hand.shared();
    forget(plain.c);
    scattered_.push_back(bench_->hand.multiply_scattered(product_) * 1e3);
    expect_right(plain.c);
    forget(shared.c);
    windows_.push_back(bench_->hand.multiply_shared(product_) * 1e3);
    expect_right(shared.c);
  }

  void by_gluster(bool master_computes) {
    bench_->stage.with_cluster(
        [&](gluster::Cluster& cluster) {
          const Shared a = share_in_place(cluster, bench_->hand.scattered().a);
          const Shared b = share_in_place(cluster, bench_->hand.scattered().b);
          const Shared c = cluster.allocate<double>(b.size());
          in_place(cluster, a, b, c);  // not counted: it touches C
          places_[master_computes].push_back(in_place(cluster, a, b, c) * 1e3);
          from_vectors(cluster);
          vectors_[master_computes].push_back(from_vectors(cluster) * 1e3);
        },
        {.master_computes = master_computes});
  }

  // A and B are in vectors, and C comes to one.
  double from_vectors(gluster::Cluster& cluster) const {
    auto& plain = bench_->hand.scattered();
    forget(plain.c);
    const double seconds = seconds_of([&] {
      const Shared b = cluster.share(plain.b);
      multiply(cluster, Span(plain.c), b, [&](std::size_t first, std::size_t count) { return ConstSpan(plain.a).subspan(first, count); });
    });
    expect_right(plain.c);
    return seconds;
  }

  // All three lie in node memory.
  double in_place(gluster::Cluster& cluster, const Shared& a, const Shared& b, const Shared& c) const {
    forget(c.writable());
    const double seconds =
        seconds_of([&] { multiply(cluster, c.writable(), b, [&](std::size_t first, std::size_t count) { return a.part(first, count); }); });
    expect_right(c.span());
    return seconds;
  }

  template <class RowsOfA>
  void multiply(gluster::Cluster& cluster, Span c, const Shared& b, RowsOfA&& rows_of_a) const {
    multiply_rows(cluster, function_of(product_).kernel, n_, c, b, rows_of_a);
  }

  static Shared share_in_place(gluster::Cluster& cluster, ConstSpan data) {
    Shared shared = cluster.allocate<double>(data.size());
    std::ranges::copy(data, shared.writable().begin());
    shared.seal();
    return shared;
  }

  void expect_right(ConstSpan c) const {
    auto& plain = bench_->hand.scattered();
    const double residual = baselines::largest_relative_residual(plain.a, plain.b, c, n_, std::random_device()());
    if (residual > baselines::rounding_error(n_)) throw std::runtime_error(fmt::format("a product is wrong: a residual of {:.1e}", residual));
  }

  void add(const char* what, const std::vector<double>& values, const std::vector<double>& baseline) const {
    const char* kernel = product_ == Product::kMultiply ? "multiply" : "matmul_blas";
    bench_->report.add({.name = fmt::format("{} {}{}", kernel, n_, what), .unit = "ms", .values = values, .baseline = baseline});
  }

  const Bench* bench_;
  Product product_;
  std::int64_t n_;
  std::vector<double> scattered_, windows_;     // by hand; milliseconds
  std::vector<double> vectors_[2], places_[2];  // by Gluster: the master only waits, or computes too
};

void fill(Hand& hand) {
  std::mt19937_64 generator(2023);
  std::uniform_real_distribution<double> element(-1.0, 1.0);
  std::ranges::generate(hand.scattered().a, [&] { return element(generator); });
  std::ranges::generate(hand.scattered().b, [&] { return element(generator); });
  std::ranges::copy(hand.scattered().a, hand.shared().a.begin());
  std::ranges::copy(hand.scattered().b, hand.shared().b.begin());
}

}  // namespace

void products(const Bench& bench) {
  for (const std::int64_t n : {1024, 2048, 4096}) {
    const int rounds = n < 4096 ? bench.effort.small_product : bench.effort.large_product;
    if (rounds == 0) continue;
    bench.hand.make_products(n);
    fill(bench.hand);
    for (const Product product : {Product::kMultiply, Product::kBlas}) {
      Match match(bench, product, n);
      match.run(rounds);
      match.report();
    }
  }
  bench.hand.make_products(0);
}

}  // namespace bench
