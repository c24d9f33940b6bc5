// What of `bench/run call` crosses ranks: rank 0 is the master, the others are its runners.
//
//     mpirun -n 2 bench_call (smoke|quick|default|full) SAMPLES SCRATCH [PART...]
//
// SAMPLES: a file that a line of JSON is appended to for each figure. SCRATCH: a directory for what is made on the way.
// PART: rates, round_trips, memory, transfers, rest, imports; all of them when none is named.
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>

#include "baselines/mpi_program.hpp"
#include "call/figures.hpp"

namespace {

void lead(const bench::Stage& stage, std::span<char*> arguments) {
  const bench::Effort effort = bench::Effort::of(arguments[0]);
  bench::Report report(arguments[1]);
  const auto parts = arguments.subspan(3);
  const auto part = [&](std::string_view name, auto measure) {
    const bool is_named = std::ranges::any_of(parts, [&](const char* one) { return one == name; });
    if (parts.empty() || is_named) measure(stage, effort, report);
  };
  part("rates", bench::rates);
  part("round_trips", bench::round_trips);
  part("memory", bench::memory);  // ahead of what leaves large buffers behind
  part("transfers", bench::transfers);
  part("rest", bench::rest);
  part("imports", [&](auto&... rest) { bench::imports(rest..., arguments[2]); });
}

}  // namespace

int main(int argc, char** argv) {
  int level = MPI_THREAD_SINGLE;
  baselines::tune_mpi();
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  try {
    if (level < MPI_THREAD_SERIALIZED) throw std::runtime_error("this MPI has no MPI_THREAD_SERIALIZED");
    if (argc < 4) throw std::runtime_error("usage: bench_call (smoke|quick|default|full) SAMPLES SCRATCH [PART...]");
    bench::Stage stage({BENCH_TRAFFIC});
    bench::Hand hand(stage.comm());
    if (stage.rank() == 0) lead(stage, {argv + 1, argv + argc});
    else stage.follow([&](const bench::Order& order) { hand.perform(order); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_call: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}
