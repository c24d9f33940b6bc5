// What of a call is inside one process: no MPI, no ranks.
//
//     bench_call_inside (smoke|quick|default|full) SAMPLES
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <gluster/gluster.hpp>

#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "call/effort.hpp"
#include "figure.hpp"
#include "master/arguments.hpp"
#include "wire/message.hpp"

namespace {

using benchmark::DoNotOptimize;
using Doubles = std::vector<double>;
using Names = std::vector<std::string>;
using Counts = std::map<std::string, std::int64_t>;

// --- encode and decode ---------------------------------------------------------------------------------------------

template <class T>
void encode(benchmark::State& state, const T& value) {
  for (auto _ : state) {
    gluster::Encoder frame;
    gluster::detail::encode(frame, value);
    frame.close();
    DoNotOptimize(frame.body.data());
  }
}

// Segments are copied into their places: what MPI would do.
template <class T>
void decode(benchmark::State& state, const T& value) {
  gluster::Encoder frame;
  gluster::detail::encode(frame, value);
  frame.close();
  for (auto _ : state) {
    gluster::Decoder in(frame.body, frame.segments.size());
    T decoded;
    gluster::detail::decode(in, decoded);
    for (std::size_t i = 0; i < in.places.size(); ++i) std::memcpy(in.places[i].data, frame.segments[i].data, in.places[i].bytes);
    in.finish();
    DoNotOptimize(decoded);
  }
}

template <class T>
void both_ways(const std::string& name, T value) {
  auto shared = std::make_shared<const T>(std::move(value));
  benchmark::RegisterBenchmark(("encode " + name).c_str(), [shared](benchmark::State& state) { encode(state, *shared); });
  benchmark::RegisterBenchmark(("decode " + name).c_str(), [shared](benchmark::State& state) { decode(state, *shared); });
}

Names some_names(std::size_t count) {
  Names names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("name{}", i));
  return names;
}

Counts some_counts(std::size_t count) {
  Counts counts;
  for (const std::string& name : some_names(count)) counts.emplace(name, static_cast<std::int64_t>(counts.size()));
  return counts;
}

void register_codec() {
  both_ways("three numbers", std::tuple<std::int64_t, double, bool>(1, 2, true));
  both_ways("a string of 16 B", std::string(16, 'x'));
  both_ways("a vector of 1 KiB", Doubles(128, 1));
  both_ways("a vector of 64 KiB", Doubles(8192, 1));
  both_ways("100 strings", some_names(100));
  both_ways("a map of 1,000 words", some_counts(1000));
}

// --- a call's steps ------------------------------------------------------------------------------------------------

void check_and_encode(benchmark::State& state) {
  const gluster::Signature signature{gluster::type_of<double>(),
                                     {gluster::type_of<std::int64_t>(), gluster::type_of<double>(), gluster::type_of<Doubles>()}};
  const gluster::KernelEntry kernel{"stats.mean", 0, 0, &signature, "", {}};
  const std::int64_t count = 1;
  const double scale = 2;
  const Doubles values(8, 1);
  for (auto _ : state) {
    const gluster::detail::Argument arguments[] = {gluster::detail::argument(&count), gluster::detail::argument(&scale),
                                                   gluster::detail::argument(&values)};
    gluster::Encoder frame;
    gluster::master::encode_call(kernel, arguments, gluster::type_of<double>(), frame);
    DoNotOptimize(frame.body.data());
  }
}

void pack_and_unpack(benchmark::State& state) {
  gluster::Encoder call;
  call.put(gluster::wire::CallHead{});
  call.close();
  const gluster::wire::Frame frame{gluster::wire::Word::kCall, 1, 1, &call, nullptr};
  alignas(64) std::byte message[gluster::wire::kMessageBytes];
  for (auto _ : state) {
    gluster::wire::pack(frame, message);
    benchmark::ClobberMemory();
    std::span<const std::byte> rest(message, gluster::wire::packed_bytes(frame));
    DoNotOptimize(gluster::wire::unpack(rest));
  }
}

void register_steps(gluster::Cluster& cluster) {
  benchmark::RegisterBenchmark("signature check and encoding, 3 arguments", check_and_encode);
  benchmark::RegisterBenchmark("frame packed and unpacked", pack_and_unpack);
  benchmark::RegisterBenchmark("kernel looked up by name", [&cluster](benchmark::State& state) {
    for (auto _ : state) DoNotOptimize(cluster.function<void()>("traffic.empty"));
  });
  benchmark::RegisterBenchmark("empty call without MPI, round trip", [&cluster](benchmark::State& state) {
    const auto empty = cluster.function<void()>("traffic.empty");
    for (auto _ : state) empty().get();
  })->UseRealTime();
}

// --- Google Benchmark's results as figures ---------------------------------------------------------------------------

// Why a benchmark did not run; empty when it did. What was called an error is called skipped from version 1.8 on.
template <class Run>
std::string why_not(const Run& run) {
  if constexpr (requires { run.skip_message; }) return run.skip_message;
  else return run.error_message;
}

class Collector final : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(bench::Report& report) : report_(&report) {}
  bool ReportContext(const Context&) override { return true; }
  // All repetitions of a benchmark come together, their aggregates last.
  void ReportRuns(const std::vector<Run>& runs) override {
    bench::Figure figure{.name = runs.front().run_name.function_name, .unit = "ns"};
    for (const Run& run : runs) {
      if (std::string why = why_not(run); !why.empty()) throw std::runtime_error(why);
      if (run.run_type == Run::RT_Iteration) figure.values.push_back(run.GetAdjustedRealTime());
    }
    if (!figure.values.empty()) report_->add(figure);
  }

 private:
  bench::Report* report_;
};

int measure(gluster::Cluster& cluster, const bench::Effort& effort, bench::Report& report) {
  cluster.import_functions(BENCH_TRAFFIC);
  register_codec();
  register_steps(cluster);
  std::string program = "bench_call_inside";
  std::string least = fmt::format("--benchmark_min_time={}", effort.inside);
  std::string repetitions = "--benchmark_repetitions=5";
  char* arguments[] = {program.data(), least.data(), repetitions.data(), nullptr};
  int count = 3;
  benchmark::Initialize(&count, arguments);
  Collector collector(report);
  benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    if (argc != 3) throw std::runtime_error("bench_call_inside (smoke|quick|default|full) SAMPLES");
    bench::Report report(argv[2]);
    return measure(cluster, bench::Effort::of(argv[1]), report);
  });
}
