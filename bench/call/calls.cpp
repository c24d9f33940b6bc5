#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gluster/plugin.hpp>

#include "baselines/master_worker.hpp"
#include "baselines/ping_pong.hpp"
#include "call/figures.hpp"
#include "master/arguments.hpp"
#include "plugin/executor.hpp"
#include "wire/message.hpp"

namespace bench {
namespace {

using Argument = std::span<const std::uint8_t>;

// --- what an empty call takes on the wire --------------------------------------------------------------------------

std::size_t bytes_of(gluster::wire::Word word, const gluster::Encoder& content) {
  const gluster::wire::Frame frame{word, 1, 1, &content, nullptr};
  std::size_t bytes = gluster::wire::packed_bytes(frame);
  if (gluster::wire::spills(frame)) bytes += content.body.size();
  for (const gluster::Segment& segment : content.segments) bytes += segment.bytes;
  return bytes;
}

// Without an argument where there is nothing in it.
std::size_t bytes_of_call(Argument argument) {
  const auto& nothing = gluster::type_of<void>();
  gluster::Signature signature{nothing, {gluster::type_of<Argument>()}};
  std::vector<gluster::detail::Argument> arguments = {gluster::detail::argument(&argument)};
  if (argument.empty()) {
    signature.parameters.clear();
    arguments.clear();
  }
  const gluster::KernelEntry kernel{"traffic.empty", 0, 0, &signature, "", {}};
  gluster::Encoder frame;
  gluster::master::encode_call(kernel, arguments, nothing, frame);
  return bytes_of(gluster::wire::Word::kCall, frame);
}

std::size_t bytes_of_result() {
  struct Empty final : gluster::Invocation {
    void run(gluster::Encoder&) override {}
  } empty;
  gluster::Decoder nothing({}, 0);
  gluster::Encoder frame;
  gluster::plugin::execute(empty, nothing, frame);
  return bytes_of(gluster::wire::Word::kResult, frame);
}

// --- one at a time -------------------------------------------------------------------------------------------------

double microseconds_a_ping(const Stage& stage, Argument argument, long times) {
  const std::vector<std::byte> there(bytes_of_call(argument));
  std::vector<std::byte> back(bytes_of_result());
  const long warm_up = times / 8;
  stage.order({kPong, std::ssize(there), std::ssize(back), warm_up + times});
  baselines::ping(stage.comm(), 1, there, back, warm_up);
  const double seconds = seconds_of([&] { baselines::ping(stage.comm(), 1, there, back, times); });
  return seconds / static_cast<double>(times) * 1e6;
}

template <class Call>
double microseconds_a_call(Call&& call, long times) {
  for (long i = 0; i < times / 8; ++i) call();
  const double seconds = seconds_of([&] {
    for (long i = 0; i < times; ++i) call();
  });
  return seconds / static_cast<double>(times) * 1e6;
}

double microseconds_a_call(gluster::Cluster& cluster, Argument argument, long times) {
  if (argument.empty()) {
    const auto empty = cluster.function<void()>("traffic.empty");
    return microseconds_a_call([&] { empty().get(); }, times);
  }
  const auto take = cluster.function<void(Argument)>("traffic.take_bytes");
  return microseconds_a_call([&] { take(argument).get(); }, times);
}

// --- several on their way ------------------------------------------------------------------------------------------

double millions_by_hand(const Stage& stage, int window, long tasks) {
  const std::size_t there = bytes_of_call({});
  const std::size_t back = bytes_of_result();
  const auto farm = [&](long count) {
    stage.order({kWork, static_cast<std::int64_t>(there), static_cast<std::int64_t>(back)});
    baselines::hand_out(stage.comm(), stage.workers(), window, count, there, back);
  };
  farm(tasks / 8);
  return static_cast<double>(tasks) / seconds_of([&] { farm(tasks); }) * 1e-6;
}

// The oldest job's end makes room for the next, so there are never more than `window` for each worker.
void keep_under_way(const gluster::Function<void()>& empty, std::size_t window, long calls) {
  std::vector<gluster::Job<void>> jobs(window);
  std::size_t oldest = 0;
  for (long call = 0; call < calls + static_cast<long>(window); ++call) {
    if (call >= static_cast<long>(window)) jobs[oldest].get();
    if (call < calls) jobs[oldest] = empty();
    oldest = oldest + 1 == window ? 0 : oldest + 1;
  }
}

double millions_of_calls(gluster::Cluster& cluster, std::size_t window, long calls) {
  const auto empty = cluster.function<void()>("traffic.empty");
  keep_under_way(empty, window, calls / 8);
  return static_cast<double>(calls) / seconds_of([&] { keep_under_way(empty, window, calls); }) * 1e-6;
}

std::string runners(int count) { return fmt::format("{} runner{}", count, count == 1 ? "" : "s"); }

}  // namespace

void round_trips(const Stage& stage, const Effort& effort, Report& report) {
  const std::vector<std::pair<std::size_t, const char*>> sizes = {{0, "0 B"}, {64, "64 B"}, {1024, "1 KiB"}, {65536, "64 KiB"}};
  for (const auto& [bytes, shown] : sizes) {
    const std::vector<std::uint8_t> data(bytes, 1);
    const Argument argument(data);
    const long times = bytes < gluster::kSegmentBytes ? 4000 : 500;
    Figure figure{.name = fmt::format("empty call with {}, round trip", shown), .unit = "us", .budget = ratio_at_most(1.5)};
    figure.note = fmt::format("raw: blocking MPI_Send/MPI_Recv of {} B there, {} B back", bytes_of_call(argument), bytes_of_result());
    report.add(stage.run(std::move(figure), {.raw = [&] { return microseconds_a_ping(stage, argument, times); },
                                             .gluster = [&](auto& cluster) { return microseconds_a_call(cluster, argument, times); },
                                             .seconds = 1.5 * effort.seconds,
                                             .least_rounds = effort.least_rounds}));
  }
}

void rates(const Stage& stage, const Effort& effort, Report& report) {
  constexpr long kCalls = 20'000;
  const auto measure = [&](Figure figure, int window, std::size_t jobs) {
    report.add(stage.run(std::move(figure), {.raw = [&] { return millions_by_hand(stage, window, kCalls); },
                                             .gluster = [&](auto& cluster) { return millions_of_calls(cluster, jobs, kCalls); },
                                             .seconds = effort.seconds,
                                             .least_rounds = effort.least_rounds}));
  };
  const auto workers = static_cast<std::size_t>(stage.workers());
  for (const std::size_t window : {1, 4, 16}) {
    Figure figure{.name = fmt::format("empty calls, window {}, {}", window, runners(stage.workers())), .unit = "M/s"};
    if (workers == 1) figure.budget = ratio_at_least(0.6);
    figure.note = fmt::format("raw: a bare master-worker loop, window {}", window);
    measure(std::move(figure), static_cast<int>(window), window * workers);
  }
  Figure figure{.name = fmt::format("empty calls, all at once, {}", runners(stage.workers())), .unit = "M/s"};
  figure.note = "raw: a bare master-worker loop, window 16, which is Gluster's credit";
  measure(std::move(figure), 16, kCalls);
}

}  // namespace bench
