#include <algorithm>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "data/figures.hpp"

namespace bench {
namespace {

using Numbers = std::vector<std::int64_t>;
using baselines::Sent;

/// One kind of items, by all ways.
class Items {
 public:
  Items(const Bench& bench, Item item, Numbers items) : bench_(&bench), item_(item), items_(std::move(items)) {
    std::ranges::transform(items_, std::back_inserter(right_), function_of(item_).by_hand);
  }

  // Both make the vector that the values come to: its memory is new.
  double by_hand(std::size_t chunk, Sent sent) const {
    Numbers values;
    const double seconds = bench_->hand.farm_out({item_, chunk, sent}, items_, values);
    expect_right(values);
    return seconds;
  }
  double by_map(gluster::Cluster& cluster, Sent sent) const {
    const char* kernel = function_of(item_).kernel;
    Numbers values;
    const double seconds = seconds_of([&] {
      if (sent == Sent::kItems) values = cluster.map<std::int64_t>(kernel, items_).get();
      else values = cluster.map<std::int64_t>(kernel, std::views::iota(std::int64_t{0}, std::ssize(items_))).get();
    });
    expect_right(values);
    return seconds;
  }

  /// What is quickest by hand: found once, by trying.
  std::size_t best_chunk(Sent sent) const {
    std::size_t best = 0;
    double least = 0;
    for (std::size_t chunk = 1; chunk <= an_even_share(); chunk *= 4) {
      if (items_.size() / chunk > kMostChunks) continue;
      const double seconds = std::min({by_hand(chunk, sent), by_hand(chunk, sent), by_hand(chunk, sent)});
      if (best != 0 && seconds >= least) continue;
      best = chunk;
      least = seconds;
    }
    return best;
  }
  std::size_t an_even_share() const {
    const auto workers = static_cast<std::size_t>(bench_->stage.workers());
    return (items_.size() + workers - 1) / workers;
  }
  std::size_t size() const { return items_.size(); }

 private:
  // Fewer messages than that are enough for any of the items here, so nobody need try more.
  static constexpr std::size_t kMostChunks = 10'000;

  void expect_right(const Numbers& values) const {
    if (values != right_) throw std::runtime_error(fmt::format("{}: a value is wrong", function_of(item_).kernel));
  }

  const Bench* bench_;
  Item item_;
  Numbers items_;
  Numbers right_;
};

// Million items a second, against a farm by hand and against static splitting.
void compare(const Bench& bench, const Items& items, const std::string& what, Sent sent, std::optional<Budget> budget) {
  const auto millions = [&](double seconds) { return static_cast<double>(items.size()) / seconds * 1e-6; };
  const auto measure = [&](const char* against, std::size_t chunk, std::string note) {
    Figure figure{.name = fmt::format("{}, {} / {}", what, runners(bench.stage.workers()), against), .unit = "M/s", .budget = budget};
    figure.note = std::move(note);
    bench.report.add(bench.stage.run(std::move(figure), {.raw =
                                                             [&] {
                                                               items.by_hand(chunk, sent);
                                                               return millions(items.by_hand(chunk, sent));
                                                             },
                                                         .gluster =
                                                             [&](auto& cluster) {
                                                               items.by_map(cluster, sent);
                                                               return millions(items.by_map(cluster, sent));
                                                             },
                                                         .seconds = bench.effort.seconds,
                                                         .least_rounds = bench.effort.least_rounds}));
  };
  const std::size_t best = items.best_chunk(sent);
  measure("farm", best, fmt::format("raw: self-scheduling by hand, chunks of {}, which was the best of several", best));
  measure("split", items.an_even_share(), "raw: one chunk a worker");
}

// How many turns take 10 µs here; the fewest of some tries, since others may have the core for a while.
std::int64_t turns_of_ten_microseconds() {
  constexpr std::int64_t kTurns = 1'000'000;
  double least = 1;
  for (int i = 0; i < 20; ++i) {
    least = std::min(least, seconds_of([] {
                       if (spin(kTurns) == 0) throw std::runtime_error("spin gave 0");
                     }));
  }
  return static_cast<std::int64_t>(10e-6 / least * kTurns);
}

}  // namespace

void maps(const Bench& bench) {
  constexpr std::int64_t kEmpty = 1'000'000;
  constexpr std::size_t kShort = 10'000;
  Numbers numbers(kEmpty);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Items empty(bench, Item::kSame, std::move(numbers));
  compare(bench, empty, "1,000,000 empty items", Sent::kItems, value_at_least(3));
  compare(bench, empty, "1,000,000 empty indices", Sent::kRanges, value_at_least(3));
  const Items busy(bench, Item::kSpin, Numbers(kShort, turns_of_ten_microseconds()));
  compare(bench, busy, "10,000 items of 10 us", Sent::kItems, {});
}

}  // namespace bench
