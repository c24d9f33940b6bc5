// What Gluster takes where kernels take nothing: the numbers of the model in bench/results/model.hpp.
//
//     mpirun -n RUNNERS+1 gluster_overheads [ROUNDS [CALLS [MEBIBYTES]]]
//
// Prints four lines of JSON, each with the seconds of ROUNDS rounds (5) after one that is not counted:
//   gluster_call     an empty call, from run() to its value, one at a time
//   gluster_calls    a call where CALLS (10000) are run one after the other, and then waited for
//   gluster_tickets  a chunk of a map of CALLS items, one an item
//   gluster_bytes    MEBIBYTES (8) to one runner, as an argument
#include <chrono>
#include <cstdio>
#include <functional>
#include <ranges>
#include <stdexcept>

#include <gluster/gluster.hpp>

#include "baselines/program.hpp"

namespace {

struct Seconds {
  double total;
};

struct Settings {
  std::int64_t rounds = 5;
  std::int64_t calls = 10'000;
  std::int64_t mebibytes = 8;
};

class Overheads {
 public:
  Overheads(gluster::Cluster& cluster, Settings settings) : cluster_(cluster), settings_(settings) {}

  void measure() {
    const std::int64_t some = std::min<std::int64_t>(settings_.calls, 100);
    print("gluster_call", some, [&] {
      for (std::int64_t call = 0; call < some; ++call) cluster_.run<void>("traffic.empty").get();
    });
    print("gluster_calls", settings_.calls, [&] {
      std::vector<gluster::Job<void>> jobs;
      for (std::int64_t call = 0; call < settings_.calls; ++call) jobs.push_back(cluster_.run<void>("traffic.empty"));
      for (auto& job : jobs) job.get();
    });
    print("gluster_tickets", settings_.calls, [&] {
      const auto values =
          cluster_.map<std::int64_t>("data.same", std::views::iota(std::int64_t{0}, settings_.calls), gluster::MapOptions{.chunk = 1}).get();
      if (values.back() != settings_.calls - 1) throw std::runtime_error("a map's last value is wrong");
    });
    const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(settings_.mebibytes) << 20U);
    print("gluster_bytes", 1, [&] { cluster_.run<void>("traffic.take_bytes", gluster::view(bytes)).get(); });
  }

 private:
  // One of `times` in a round.
  void print(const char* name, std::int64_t times, const std::function<void()>& round) {
    std::vector<Seconds> rounds;
    for (std::int64_t at = 0; at <= settings_.rounds; ++at) {
      const auto start = gluster::Clock::now();
      round();
      const std::chrono::duration<double> taken = gluster::Clock::now() - start;
      if (at > 0) rounds.push_back({taken.count() / static_cast<double>(times)});
    }
    std::printf("{\"program\": \"%s\", \"runners\": %d, \"calls\": %lld, \"mebibytes\": %lld, ", name, cluster_.workers(),
                static_cast<long long>(settings_.calls), static_cast<long long>(settings_.mebibytes));
    baselines::print_list("total", rounds, &Seconds::total);
    std::printf("\"correct\": true}\n");
    std::fflush(stdout);
  }

  gluster::Cluster& cluster_;
  Settings settings_;
};

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    Settings settings;
    std::int64_t* const wanted[] = {&settings.rounds, &settings.calls, &settings.mebibytes};
    bool is_clear = argc <= 4;
    for (int at = 1; at < argc && is_clear; ++at) is_clear = (*wanted[at - 1] = baselines::parse_count(argv[at])) != 0;
    if (!is_clear) {
      std::fprintf(stderr, "usage: mpirun -n RUNNERS+1 gluster_overheads [ROUNDS [CALLS [MEBIBYTES]]]\n");
      return 2;
    }
    cluster.import_functions(BENCH_TRAFFIC);
    cluster.import_functions(BENCH_DATA);
    Overheads(cluster, settings).measure();
    return 0;
  });
}
