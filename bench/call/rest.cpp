#include <time.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "call/figures.hpp"

namespace bench {
namespace {

using Span = std::span<const double>;
using Block = gluster::Block<double>;
using Vector = std::vector<double>;

// A runner gives back what it keeps warm when it has rested for a second.
constexpr double kUntilItRests = 2.5;

void sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// --- memory --------------------------------------------------------------------------------------------------------

double resident_mebibytes(gluster::Cluster& cluster) {
  sleep(kUntilItRests);
  const gluster::Status status = cluster.status(std::chrono::seconds(10));
  return static_cast<double>(status.runners.at(0).memory) / (1 << 20);
}

// Calls with 1 to 16 MiB, in by every type and out by both, a few at a time.
void call_with_large(gluster::Cluster& cluster, int calls) {
  const Vector data(std::size_t{16} << 17, 1);
  std::deque<std::function<void()>> under_way;
  const auto follow = [&]<class R>(gluster::Job<R> job) {
    under_way.push_back([job = std::make_shared<gluster::Job<R>>(std::move(job))] { job->get(); });
  };
  for (int call = 0; call < calls; ++call) {
    const Span some = Span(data).first(static_cast<std::size_t>(1 + call * 7 % 16) << 17);
    switch (call % 5) {
      case 0: follow(cluster.run<void>("traffic.take_span", some)); break;
      case 1: follow(cluster.run<void>("traffic.take_block", some)); break;
      case 2: follow(cluster.run<void>("traffic.take_vector", some)); break;
      case 3: follow(cluster.run<Block>("traffic.echo_block", some)); break;
      default: follow(cluster.run<Vector>("traffic.echo_vector", some)); break;
    }
    if (under_way.size() < 4) continue;
    under_way.front()();
    under_way.pop_front();
  }
  for (const auto& finish : under_way) finish();
}

// --- rest ----------------------------------------------------------------------------------------------------------

// Seconds that all threads of a process of this host have had a core.
double cpu_seconds(std::int64_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// How much of a core a process uses while `what` goes on, in per cent.
class Meter {
 public:
  explicit Meter(std::int64_t pid) : pid_(pid), cpu_(cpu_seconds(pid)), start_(Clock::now()) {}
  double per_cent() const { return (cpu_seconds(pid_) - cpu_) / std::chrono::duration<double>(Clock::now() - start_).count() * 100; }

 private:
  std::int64_t pid_;
  double cpu_;
  Clock::time_point start_;
};

constexpr std::int64_t kSelf = 0;

void idle(gluster::Cluster& cluster, const Effort& effort, Report& report) {
  const std::int64_t runner = cluster.runners().at(0).pid;
  Figure of_runner{.name = "an idle runner", .unit = "% core", .budget = value_at_most(2)};
  Figure of_master{.name = "a master with nothing open", .unit = "% core"};
  sleep(kUntilItRests);
  for (int window = 0; window < effort.windows; ++window) {
    const Meter at_runner(runner), at_master(kSelf);
    sleep(effort.window);
    of_runner.values.push_back(at_runner.per_cent());
    of_master.values.push_back(at_master.per_cent());
  }
  report.add(of_runner);
  report.add(of_master);
}

void waiting(gluster::Cluster& cluster, const Effort& effort, Report& report) {
  const std::int64_t runner = cluster.runners().at(0).pid;
  const auto nap = cluster.function<void(double)>("traffic.nap");
  Figure of_master{.name = "a master waiting in get()", .unit = "% core", .budget = value_at_most(2)};
  Figure of_runner{.name = "a runner whose kernel sleeps", .unit = "% core"};
  for (int window = 0; window < effort.windows; ++window) {
    const Meter at_runner(runner), at_master(kSelf);
    nap(effort.window).get();
    of_runner.values.push_back(at_runner.per_cent());
    of_master.values.push_back(at_master.per_cent());
  }
  report.add(of_master);
  report.add(of_runner);
}

// Rests are of many lengths, since who waits sleeps in steps.
void first_calls(gluster::Cluster& cluster, const Effort& effort, Report& report) {
  const auto empty = cluster.function<void()>("traffic.empty");
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> rest(0.02, 0.8);
  Figure figure{.name = "the first call after a rest", .unit = "ms", .budget = value_at_most(1)};
  for (int i = 0; i < effort.rests; ++i) {
    sleep(rest(generator));
    figure.values.push_back(seconds_of([&] { empty().get(); }) * 1e3);
  }
  figure.note = fmt::format("the slowest of {}: {:.3f} ms", figure.values.size(), std::ranges::max(figure.values));
  report.add(figure);
}

}  // namespace

void memory(const Stage& stage, const Effort& effort, Report& report) {
  stage.with_cluster([&](gluster::Cluster& cluster) {
    call_with_large(cluster, 20);
    const double before = resident_mebibytes(cluster);
    call_with_large(cluster, effort.large_calls);
    const double after = resident_mebibytes(cluster);
    // 5 %, or 4 MiB where a runner is small.
    Figure figure{.name = fmt::format("a runner's memory after {} large calls", effort.large_calls), .unit = "MiB"};
    figure.budget = ratio_at_most(std::max(1.05, (before + 4) / before));
    figure.values = {after};
    figure.baseline = {before};
    figure.note = "raw: the same runner before";
    report.add(figure);
  });
}

void rest(const Stage& stage, const Effort& effort, Report& report) {
  stage.with_cluster([&](gluster::Cluster& cluster) {
    cluster.run<void>("traffic.empty").get();
    idle(cluster, effort, report);
    waiting(cluster, effort, report);
    first_calls(cluster, effort, report);
  });
}

}  // namespace bench
