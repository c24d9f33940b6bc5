// The matrix product by scatter, broadcast and gather, each rank's rows on its OpenMP threads. What Gluster is measured
// against.
//
//     mpirun -n RANKS matmul_mpi_openmp N [ROUNDS [multiply|multiply_naive]]
//
// Prints a line a round, then one line of JSON. Buffers are made and touched before the first round, and a round before
// the first is not counted. Times are rank 0's; `gather` includes waiting for the slowest rank. Exit status 1: C is
// wrong.
#include "freivalds.hpp"
#include "matmul.hpp"
#include "scattered_product.hpp"

#include <mpi.h>
#include <omp.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::int64_t kMostRows = std::numeric_limits<int>::max();  // MPI counts are int

struct Task {
  std::int64_t n = 0;
  std::int64_t rounds = 5;
  std::string kernel = "multiply";
};

struct Seconds {
  double distribute;
  double compute;
  double gather;
  double total;
};

struct World {
  World() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  }
  bool is_root() const { return rank == 0; }
  int rank = 0;
  int ranks = 0;
};

std::int64_t parse_count(const char* text) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && value > 0 && value <= kMostRows ? value : 0;
}

bool parse(int argc, char** argv, Task& task) {
  if (argc < 2 || argc > 4) return false;
  task.n = parse_count(argv[1]);
  if (argc > 2) task.rounds = parse_count(argv[2]);
  if (argc > 3) task.kernel = argv[3];
  return task.n > 0 && task.rounds > 0 && (task.kernel == "multiply" || task.kernel == "multiply_naive");
}

void fill(baselines::ScatteredProduct& product) {
  std::mt19937_64 generator(2023);
  std::uniform_real_distribution<double> element(-1.0, 1.0);
  std::ranges::generate(product.a, [&] { return element(generator); });
  std::ranges::generate(product.b, [&] { return element(generator); });
}

Seconds run_round(const Task& task, baselines::ScatteredProduct& product) {
  // What an earlier round left in C must not pass for this one's.
  std::ranges::fill(product.c, std::numeric_limits<double>::quiet_NaN());
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  product.distribute();
  const double distributed = MPI_Wtime();
  product.compute(task.kernel == "multiply" ? multiply_into : multiply_naive_into<double>);
  const double computed = MPI_Wtime();
  product.gather();
  const double end = MPI_Wtime();
  return {distributed - start, computed - distributed, end - computed, end - start};
}

double gflops(const Task& task, double seconds) {
  const auto n = static_cast<double>(task.n);
  return 2 * n * n * n / seconds * 1e-9;
}

double median(const std::vector<Seconds>& rounds) {
  std::vector<double> totals;
  for (const Seconds& seconds : rounds) totals.push_back(seconds.total);
  const auto middle = totals.begin() + static_cast<std::ptrdiff_t>(totals.size() / 2);
  std::ranges::nth_element(totals, middle);
  return *middle;
}

void print_list(const char* name, const std::vector<Seconds>& rounds, double Seconds::*part) {
  std::printf("\"%s\": [", name);
  for (std::size_t at = 0; at < rounds.size(); ++at) std::printf("%s%.6f", at == 0 ? "" : ", ", rounds[at].*part);
  std::printf("], ");
}

void print_json(const Task& task, const World& world, const std::vector<Seconds>& rounds, double residual) {
  std::printf("{\"program\": \"matmul_mpi_openmp\", \"kernel\": \"%s\", \"n\": %lld, \"ranks\": %d, \"threads\": %d, ", task.kernel.c_str(),
              static_cast<long long>(task.n), world.ranks, omp_get_max_threads());
  print_list("distribute", rounds, &Seconds::distribute);
  print_list("compute", rounds, &Seconds::compute);
  print_list("gather", rounds, &Seconds::gather);
  print_list("total", rounds, &Seconds::total);
  std::printf("\"median\": %.6f, \"gflops\": %.3f, \"residual\": %.3e, \"correct\": %s}\n", median(rounds), gflops(task, median(rounds)),
              std::min(residual, 1e300), residual <= baselines::rounding_error(task.n) ? "true" : "false");
}

// The largest residual of all rounds; 0 on the ranks that do not have C.
double run_rounds(const Task& task, const World& world) {
  baselines::ScatteredProduct product(MPI_COMM_WORLD, task.n);
  if (world.is_root()) fill(product);
  std::vector<Seconds> rounds;
  double residual = 0;
  for (std::int64_t round = 0; round <= task.rounds; ++round) {
    const Seconds seconds = run_round(task, product);
    if (round == 0 || !world.is_root()) continue;
    rounds.push_back(seconds);
    const auto seed = static_cast<std::uint64_t>(round);
    residual = std::max(residual, baselines::largest_relative_residual(product.a, product.b, product.c, task.n, seed));
    std::printf("round=%lld distribute=%.6f compute=%.6f gather=%.6f total=%.6f gflops=%.3f\n", static_cast<long long>(round), seconds.distribute,
                seconds.compute, seconds.gather, seconds.total, gflops(task, seconds.total));
    std::fflush(stdout);
  }
  if (world.is_root()) print_json(task, world, rounds, residual);
  return residual;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  // Only the main thread calls MPI, outside of OpenMP's regions.
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  const World world;
  Task task;
  int status = 2;
  if (parse(argc, argv, task)) {
    status = run_rounds(task, world) <= baselines::rounding_error(task.n) ? 0 : 1;
  } else if (world.is_root()) {
    std::fprintf(stderr, "usage: matmul_mpi_openmp N [ROUNDS [multiply|multiply_naive]]\n");
  }
  MPI_Finalize();
  return status;
}
