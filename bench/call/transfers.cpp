#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "baselines/transfer.hpp"
#include "baselines/word_counts.hpp"
#include "call/figures.hpp"

namespace bench {
namespace {

using Span = std::span<const double>;
using Vector = std::vector<double>;
using Block = gluster::Block<double>;

// Arrays of one size, there and back. A sample is the median of several transfers, the first of which is not counted.
class Arrays {
 public:
  Arrays(const Stage& stage, const Effort& effort, std::size_t mebibytes)
      : stage_(&stage),
        effort_(&effort),
        mebibytes_(mebibytes),
        data_((mebibytes << 20) / sizeof(double), 1),
        times_(std::clamp<long>(static_cast<long>(256 / mebibytes), 1, 32)) {}

  void measure(Report& report) {
    const auto budget = mebibytes_ == 64 ? std::optional(ratio_at_least(0.97)) : std::nullopt;
    const auto in_warm = [this] { return deliver(kAcceptWarm); };
    const auto in_fresh = [this] { return deliver(kAcceptFresh); };
    run(report, "in, to a span", budget, "MPI_Recv into a warm buffer", in_warm, takes("traffic.take_span"));
    run(report, "in, to a Block", {}, "MPI_Recv into a warm buffer", in_warm, takes("traffic.take_block"));
    run(report, "in, to a vector", {}, "MPI_Recv into a fresh vector", in_fresh, takes("traffic.take_vector"));
    run(
        report, "back, as a Block", budget, "MPI_Recv into a warm buffer", [this] { return fetch_warm(); },
        gives<Block>("traffic.prepare_block", "traffic.give_block"));
    run(
        report, "back, as a vector", budget, "MPI_Recv into a fresh vector", [this] { return fetch_fresh(); },
        gives<Vector>("traffic.prepare_vector", "traffic.give_vector"));
  }

 private:
  using Sample = std::function<double(gluster::Cluster&)>;

  void run(Report& report, const char* way, std::optional<Budget> budget, const char* baseline, std::function<double()> raw, Sample gluster) {
    Figure figure{.name = fmt::format("{} MiB {}", mebibytes_, way), .unit = "GB/s", .budget = budget};
    figure.note = fmt::format("raw: {}", baseline);
    const bool is_huge = mebibytes_ > 64;
    const double weight = mebibytes_ == 64 ? 1.5 : mebibytes_ < 64 ? 0.5 : 1;
    report.add(stage_->run(std::move(figure),
                           {std::move(raw), std::move(gluster), weight * effort_->seconds, is_huge ? effort_->least_huge : effort_->least_rounds}));
  }

  // `once` returns seconds.
  template <class F>
  double gigabytes_a_second(F&& once) const {
    once();
    std::vector<double> seconds;
    for (long i = 0; i < times_; ++i) seconds.push_back(once());
    return static_cast<double>(data_.size() * sizeof(double)) * 1e-9 / median(seconds);
  }

  void order(Act act) const { stage_->order({.act = act, .first = std::ssize(data_), .times = times_ + 1}); }

  double deliver(Act how) const {
    order(how);
    return gigabytes_a_second([&] { return seconds_of([&] { baselines::deliver(stage_->comm(), 1, data_); }); });
  }
  double fetch_warm() {
    order(kSupply);
    return gigabytes_a_second([&] {
      baselines::await_ready(stage_->comm(), 1);
      return seconds_of([&] { baselines::fetch_warm(stage_->comm(), 1, data_); });
    });
  }
  double fetch_fresh() const {
    order(kSupply);
    return gigabytes_a_second([&] {
      baselines::await_ready(stage_->comm(), 1);
      Vector value;  // it is freed after the time has been taken
      return seconds_of([&] { value = baselines::fetch_fresh(stage_->comm(), 1, data_.size()); });
    });
  }

  Sample takes(const char* kernel) const {
    return [=, this](gluster::Cluster& cluster) {
      const auto take = cluster.function<void(Span)>(kernel);
      return gigabytes_a_second([&] { return seconds_of([&] { take(Span(data_)).get(); }); });
    };
  }
  template <class R>
  Sample gives(const char* prepare, const char* give) const {
    return [=, this](gluster::Cluster& cluster) {
      const auto make_ready = cluster.function<void(std::int64_t)>(prepare);
      const auto fetch = cluster.function<R()>(give);
      return gigabytes_a_second([&] {
        make_ready(std::ssize(data_)).get();
        R value;
        return seconds_of([&] { value = fetch().get(); });
      });
    };
  }

  const Stage* stage_;
  const Effort* effort_;
  std::size_t mebibytes_;
  Vector data_;  // on the master: what is sent, and the warm buffer
  long times_;
};

void words(const Stage& stage, const Effort& effort, Report& report) {
  constexpr std::int64_t kWords = 20'000;
  constexpr long kTimes = 10;
  const baselines::Counts counts = baselines::some_counts(kWords);
  const auto milliseconds = [&](auto&& once) {
    std::vector<double> seconds;
    for (long i = 0; i <= kTimes; ++i) seconds.push_back(once());
    return median({seconds.begin() + 1, seconds.end()}) * 1e3;
  };
  const auto by_hand = [&] {
    stage.order({.act = kSupplyCounts, .first = kWords, .times = kTimes + 1});
    return milliseconds([&] {
      baselines::Counts value;
      return seconds_of([&] { value = baselines::fetch_counts(stage.comm(), 1); });
    });
  };
  const auto with_gluster = [&](gluster::Cluster& cluster) {
    const auto prepare = cluster.function<void(baselines::Counts)>("traffic.prepare_counts");
    const auto give = cluster.function<baselines::Counts()>("traffic.give_counts");
    return milliseconds([&] {
      prepare(gluster::view(counts)).get();
      baselines::Counts value;
      return seconds_of([&] { value = give().get(); });
    });
  };
  Figure figure{.name = "a map of 20,000 words back", .unit = "ms"};
  figure.note = "raw: packed by hand, MPI_Send, MPI_Probe, MPI_Recv, unpacked";
  report.add(stage.run(std::move(figure), {by_hand, with_gluster, effort.seconds, effort.least_rounds}));
}

}  // namespace

void transfers(const Stage& stage, const Effort& effort, Report& report) {
  for (const std::size_t mebibytes : {1, 64, 512}) Arrays(stage, effort, mebibytes).measure(report);
  words(stage, effort, report);
}

}  // namespace bench
