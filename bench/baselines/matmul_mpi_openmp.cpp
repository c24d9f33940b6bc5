// The matrix product as a good MPI programmer writes it: rank 0 has A and B, scatters the rows of A, broadcasts B,
// every rank (rank 0 too) computes its rows of C on its OpenMP threads, and rank 0 gathers them. What Gluster is
// measured against.
//
//     mpirun -n RANKS matmul_mpi_openmp N [ROUNDS [multiply|multiply_naive]]
//
// Prints a line a round, then one line of JSON. Buffers are made and touched before the first round, and a round before
// the first is not counted. Times are rank 0's; `gather` includes waiting for the slowest rank. Exit status 1: C is
// wrong.
#include "freivalds.hpp"
#include "matmul.hpp"

#include <mpi.h>
#include <omp.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::int64_t kMostRows = std::numeric_limits<int>::max();  // MPI counts are int

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  std::fprintf(stderr, "matmul_mpi_openmp: %s: %s\n", call, text);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

struct Task {
  std::int64_t n = 0;
  std::int64_t rounds = 5;
  std::string kernel = "multiply";
};

// On rank 0 a and c are whole; elsewhere they are the rank's own rows.
struct Matrices {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> c;
};

struct Seconds {
  double distribute;
  double compute;
  double gather;
  double total;
};

struct World {
  World() {
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &ranks), "MPI_Comm_size");
  }
  bool is_root() const { return rank == 0; }
  int rank = 0;
  int ranks = 0;
};

// Where each rank's rows lie: as evenly as can be, also when the ranks do not divide n.
struct Layout {
  Layout(std::int64_t n, const World& world) {
    for (int rank = 0; rank < world.ranks; ++rank) {
      first.push_back(static_cast<int>(n * rank / world.ranks));
      rows.push_back(static_cast<int>(n * (rank + 1) / world.ranks) - first.back());
    }
    own = rows[static_cast<std::size_t>(world.rank)];
  }
  std::vector<int> first;
  std::vector<int> rows;
  int own = 0;
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

Matrices make_matrices(const Task& task, const World& world, const Layout& layout) {
  const auto n = static_cast<std::size_t>(task.n);
  const std::size_t rows = world.is_root() ? n : static_cast<std::size_t>(layout.own);
  Matrices matrices{std::vector<double>(rows * n), std::vector<double>(n * n), std::vector<double>(rows * n)};
  if (!world.is_root()) return matrices;
  std::mt19937_64 generator(2023);
  std::uniform_real_distribution<double> element(-1.0, 1.0);
  std::ranges::generate(matrices.a, [&] { return element(generator); });
  std::ranges::generate(matrices.b, [&] { return element(generator); });
  return matrices;
}

void compute(const Task& task, Matrices& matrices, std::int64_t rows) {
  const auto kernel = task.kernel == "multiply" ? multiply_into : multiply_naive_into<double>;
  kernel(matrices.c.data(), matrices.a.data(), matrices.b.data(), rows, task.n);
}

// Rank 0's own rows stay where they are (MPI_IN_PLACE).
void distribute(const Task& task, const World& world, const Layout& layout, MPI_Datatype row, Matrices& matrices) {
  void* const received = world.is_root() ? MPI_IN_PLACE : matrices.a.data();
  check(MPI_Scatterv(matrices.a.data(), layout.rows.data(), layout.first.data(), row, received, layout.own, row, 0, MPI_COMM_WORLD), "MPI_Scatterv");
  check(MPI_Bcast(matrices.b.data(), static_cast<int>(task.n), row, 0, MPI_COMM_WORLD), "MPI_Bcast");
}

void gather(const World& world, const Layout& layout, MPI_Datatype row, Matrices& matrices) {
  const void* const sent = world.is_root() ? MPI_IN_PLACE : matrices.c.data();
  check(MPI_Gatherv(sent, layout.own, row, matrices.c.data(), layout.rows.data(), layout.first.data(), row, 0, MPI_COMM_WORLD), "MPI_Gatherv");
}

Seconds run_round(const Task& task, const World& world, const Layout& layout, MPI_Datatype row, Matrices& matrices) {
  // What an earlier round left in C must not pass for this one's.
  std::ranges::fill(matrices.c, std::numeric_limits<double>::quiet_NaN());
  check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  const double start = MPI_Wtime();
  distribute(task, world, layout, row, matrices);
  const double distributed = MPI_Wtime();
  compute(task, matrices, layout.own);
  const double computed = MPI_Wtime();
  gather(world, layout, row, matrices);
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
  const Layout layout(task.n, world);
  Matrices matrices = make_matrices(task, world, layout);
  MPI_Datatype row = MPI_DATATYPE_NULL;
  check(MPI_Type_contiguous(static_cast<int>(task.n), MPI_DOUBLE, &row), "MPI_Type_contiguous");
  check(MPI_Type_commit(&row), "MPI_Type_commit");
  std::vector<Seconds> rounds;
  double residual = 0;
  for (std::int64_t round = 0; round <= task.rounds; ++round) {
    const Seconds seconds = run_round(task, world, layout, row, matrices);
    if (round == 0 || !world.is_root()) continue;
    rounds.push_back(seconds);
    const auto seed = static_cast<std::uint64_t>(round);
    residual = std::max(residual, baselines::largest_relative_residual(matrices.a, matrices.b, matrices.c, task.n, seed));
    std::printf("round=%lld distribute=%.6f compute=%.6f gather=%.6f total=%.6f gflops=%.3f\n", static_cast<long long>(round), seconds.distribute,
                seconds.compute, seconds.gather, seconds.total, gflops(task, seconds.total));
    std::fflush(stdout);
  }
  check(MPI_Type_free(&row), "MPI_Type_free");
  if (world.is_root()) print_json(task, world, rounds, residual);
  return residual;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  // Only the main thread calls MPI, outside of OpenMP's regions.
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  const World world;
  Task task;
  int status = 2;
  if (parse(argc, argv, task)) {
    status = run_rounds(task, world) <= baselines::rounding_error(task.n) ? 0 : 1;
  } else if (world.is_root()) {
    std::fprintf(stderr, "usage: matmul_mpi_openmp N [ROUNDS [multiply|multiply_naive]]\n");
  }
  check(MPI_Finalize(), "MPI_Finalize");
  return status;
}
