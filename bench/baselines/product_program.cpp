#include "product_program.hpp"

#include "program.hpp"

#include <omp.h>

#include <chrono>
#include <cstdio>

namespace baselines {
namespace {

double gflops(const Task& task, double seconds) {
  const auto n = static_cast<double>(task.n);
  return 2 * n * n * n / seconds * 1e-9;
}

double median(const std::vector<Seconds>& rounds) {
  std::vector<double> totals;
  for (const Seconds& seconds : rounds) totals.push_back(seconds.total);
  std::ranges::sort(totals);
  const std::size_t middle = totals.size() / 2;
  return totals.size() % 2 == 1 ? totals[middle] : (totals[middle - 1] + totals[middle]) / 2;
}

}  // namespace

NamedKernel<double> kernel_of(const std::string& name) {
  if (name == "multiply") return {multiply_into, name};
  if (name == "multiply_naive") return {multiply_naive_into<double>, name};
#ifdef BASELINES_HAVE_BLAS
  if (name == "multiply_blas") return {multiply_blas_into, name};
#endif
  return {nullptr, name};
}

std::optional<Task> parse(int argc, char** argv) {
  Task task;
  if (argc < 2 || argc > 4) return std::nullopt;
  task.n = parse_count(argv[1]);
  if (argc > 2) task.rounds = parse_count(argv[2]);
  if (argc > 3) task.kernel = argv[3];
  if (task.n == 0 || task.rounds == 0 || (task.kernel != "multiply_naive_i64" && kernel_of(task.kernel).function == nullptr)) return std::nullopt;
  return task;
}

int refuse_words(const Program& program) {
  if (program.rank == 0) std::fprintf(stderr, "usage: %s N [ROUNDS [multiply|multiply_naive|multiply_naive_i64|multiply_blas]]\n", program.name);
  return 2;
}

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void print_round(const Task& task, std::int64_t round, const Seconds& seconds) {
  std::printf("round=%lld distribute=%.6f compute=%.6f gather=%.6f total=%.6f gflops=%.3f\n", static_cast<long long>(round), seconds.distribute,
              seconds.compute, seconds.gather, seconds.total, gflops(task, seconds.total));
  std::fflush(stdout);
}

void print_json(const Program& program, const Task& task, const std::vector<Seconds>& rounds, double residual) {
  std::printf("{\"program\": \"%s\", \"kernel\": \"%s\", \"n\": %lld, \"ranks\": %d, \"threads\": %d, ", program.name, task.kernel.c_str(),
              static_cast<long long>(task.n), program.ranks, omp_get_max_threads());
  print_list("distribute", rounds, &Seconds::distribute);
  print_list("compute", rounds, &Seconds::compute);
  print_list("gather", rounds, &Seconds::gather);
  print_list("total", rounds, &Seconds::total);
  std::printf("\"median\": %.6f, \"gflops\": %.3f, \"residual\": %.3e, \"correct\": %s}\n", median(rounds), gflops(task, median(rounds)),
              std::min(residual, 1e300), residual <= rounding_error(task.n) ? "true" : "false");
  std::fflush(stdout);
}

}  // namespace baselines
