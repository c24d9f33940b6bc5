// What a plugin's first call takes and what a later one, of a built plugin and of a source: the paper says a couple of milliseconds and multiple seconds.
//
//     mpirun -n RANKS gluster_plugins SCRATCH [ROUNDS]
//
// Prints four lines of JSON, gluster_built_first, _built_later, _source_first and _source_later, each with the seconds of ROUNDS rounds (5): from the file's name to the first
// call's value, and another call. Each round has a file of other bytes, in SCRATCH, so nothing is cached.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gluster/gluster.hpp>

#include "baselines/program.hpp"

namespace {

namespace fs = std::filesystem;

struct Round {
  double first;
  double later;
};

template <class Act>
double seconds_of(const Act& act) {
  const auto start = gluster::Clock::now();
  act();
  return std::chrono::duration<double>(gluster::Clock::now() - start).count();
}

// A copy under a name of its own, with other bytes: behind a comment's beginning, or behind the object's end.
fs::path fresh_copy(const fs::path& file, const fs::path& scratch, std::int64_t round) {
  const fs::path copy = scratch / ("n" + std::to_string(round) + (file.extension() == ".so" ? "built" : "source") + file.extension().string());
  fs::copy_file(file, copy, fs::copy_options::overwrite_existing);
  std::ofstream(copy, std::ios::app) << "// " << gluster::Clock::now().time_since_epoch().count() << '\n';
  return copy;
}

void measure(gluster::Cluster& cluster, const std::string& name, const fs::path& file, const fs::path& scratch, std::int64_t count) {
  std::vector<Round> rounds;
  for (std::int64_t round = 0; round < count; ++round) {
    const fs::path copy = fresh_copy(file, scratch, round);
    const std::string function = copy.stem().string() + ".nothing";
    const auto call = [&] { cluster.run<void>(function).get(); };
    const double first = seconds_of([&] {
      cluster.import_functions(copy);
      call();
    });
    rounds.push_back({first, seconds_of(call)});
  }
  for (const auto& [part, seconds] : {std::pair("first", &Round::first), std::pair("later", &Round::later)}) {
    std::printf("{\"program\": \"gluster_%s_%s\", \"runners\": %d, ", name.c_str(), part, cluster.workers());
    std::vector<Round> totals;
    for (const Round& round : rounds) totals.push_back({round.*seconds, 0});
    baselines::print_list("total", totals, &Round::first);
    std::printf("\"correct\": true}\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    const std::int64_t rounds = argc > 2 ? baselines::parse_count(argv[2]) : 5;
    if (argc < 2 || argc > 3 || rounds == 0) {
      std::fprintf(stderr, "usage: mpirun -n RANKS gluster_plugins SCRATCH [ROUNDS]\n");
      return 2;
    }
    measure(cluster, "built", BENCH_NOTHING, argv[1], rounds);
    measure(cluster, "source", BENCH_NOTHING_SOURCE, argv[1], rounds);
    return 0;
  });
}
