// What `bench/run data` measures: rank 0 is the master, the others are its runners.
//
//     mpirun -n RANKS bench_data (smoke|quick|default|full) SAMPLES PART...
//
// SAMPLES: a file that a line of JSON is appended to for each figure. PART: shares, node_memory, hosts:LABEL, maps, tasks,
// products, overlap, traces:FILE, journals:FILE (which is written).
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "baselines/mpi_program.hpp"
#include "data/figures.hpp"

namespace {

struct Part {
  std::string_view name;
  void (*measure)(const bench::Bench&);
};
constexpr std::array kParts = {
    Part{"shares", bench::shares},    Part{"node_memory", bench::node_memory}, Part{"hosts", bench::hosts},     Part{"maps", bench::maps},
    Part{"tasks", bench::tasks},      Part{"products", bench::products},       Part{"overlap", bench::overlap}, Part{"traces", bench::traces},
    Part{"journals", bench::journals}};

void lead(const bench::Stage& stage, bench::Hand& hand, std::span<char*> arguments) {
  const bench::Effort effort = bench::Effort::of(arguments[0]);
  bench::Report report(arguments[1]);
  for (const std::string_view argument : arguments.subspan(2)) {
    const std::string_view name = argument.substr(0, argument.find(':'));
    const std::string_view label = argument.substr(std::min(name.size() + 1, argument.size()));
    const auto part = std::ranges::find(kParts, name, &Part::name);
    if (part == kParts.end()) throw std::invalid_argument("there is no part " + std::string(name));
    part->measure({stage, hand, effort, report, std::string(label)});
  }
}

}  // namespace

int main(int argc, char** argv) {
  int level = MPI_THREAD_SINGLE;
  baselines::tune_mpi();
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  try {
    if (level < MPI_THREAD_SERIALIZED) throw std::runtime_error("this MPI has no MPI_THREAD_SERIALIZED");
    if (argc < 4) throw std::runtime_error("usage: bench_data (smoke|quick|default|full) SAMPLES PART...");
    bench::Stage stage({BENCH_DATA, BENCH_MATMUL, BENCH_MATMUL_BLAS});
    bench::Hand hand(stage);
    if (stage.rank() == 0) lead(stage, hand, {argv + 1, argv + argc});
    else stage.follow([&](const bench::Order& order) { hand.follow(order); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_data: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}
