// What the programs that multiply have in common: what they are asked for, their rounds, the check, and what they print.
//
//     PROGRAM N [ROUNDS [KERNEL]]      KERNEL: multiply, multiply_naive, multiply_naive_i64 or multiply_blas
//
// Prints a line a round, then one line of JSON. Buffers are made and touched before the first round, and a round before the first is not counted (of doubles it
// is done by the quickest kernel, since one round of the plain loop can take minutes). Times are rank 0's; `gather` includes waiting for the slowest rank. Exit status 1: C is wrong; 2: the words are.
#pragma once

#include "freivalds.hpp"
#include "matmul.hpp"
#include "product_kernel.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace baselines {

struct Task {
  std::int64_t n = 0;
  std::int64_t rounds = 5;
  std::string kernel = "multiply";
};

struct Seconds {
  double distribute = 0;
  double compute = 0;
  double gather = 0;
  double total = 0;
};

/// What a program is, and where it runs.
struct Program {
  const char* name;
  int rank = 0;
  int ranks = 1;
};

std::optional<Task> parse(int argc, char** argv);
int refuse_words(const Program& program);
double seconds_now();
void print_round(const Task& task, std::int64_t round, const Seconds& seconds);
void print_json(const Program& program, const Task& task, const std::vector<Seconds>& rounds, double residual);
/// What a round computes with: by hand the function, by Gluster the name.
template <class T>
struct NamedKernel {
  ProductKernel<T> function;
  std::string name;
  operator ProductKernel<T>() const { return function; }
};
/// Of doubles; `function` is null where it is none of these.
NamedKernel<double> kernel_of(const std::string& name);

/// Small numbers: the integers' sums do not wrap.
template <class T>
void fill(std::span<T> matrix, std::mt19937_64& generator) {
  if constexpr (std::is_integral_v<T>) {
    std::ranges::generate(matrix, [&] { return static_cast<T>(generator() % 201) - 100; });
  } else {
    std::uniform_real_distribution<T> element(-1.0, 1.0);
    std::ranges::generate(matrix, [&] { return element(generator); });
  }
}

/// `way` has matrices a, b and c, whole on rank 0, and does its part of: meet(), where it waits until all are there; distribute(); compute(kernel); gather().
/// Rank 0 prints. The exit status.
template <class T, class Way>
int run_rounds(const Program& program, const Task& task, Way& way, const NamedKernel<T>& kernel, const NamedKernel<T>& warm_up) {
  const bool is_root = program.rank == 0;
  if (is_root) {
    std::mt19937_64 generator(2023);
    fill(std::span<T>(way.a), generator);
    fill(std::span<T>(way.b), generator);
  }
  std::vector<Seconds> rounds;
  double residual = 0;
  for (std::int64_t round = 0; round <= task.rounds; ++round) {
    // What an earlier round left in C must not pass for this one's.
    if (is_root) std::ranges::fill(way.c, std::is_integral_v<T> ? std::numeric_limits<T>::min() : std::numeric_limits<T>::quiet_NaN());
    way.meet();
    const double start = seconds_now();
    way.distribute();
    const double distributed = seconds_now();
    way.compute(round == 0 ? warm_up : kernel);
    const double computed = seconds_now();
    way.gather();
    const double end = seconds_now();
    if (!is_root || round == 0) continue;
    rounds.push_back({distributed - start, computed - distributed, end - computed, end - start});
    const auto seed = static_cast<std::uint64_t>(round);
    residual =
        std::max(residual, largest_relative_residual(std::span<const T>(way.a), std::span<const T>(way.b), std::span<const T>(way.c), task.n, seed));
    print_round(task, round, rounds.back());
  }
  if (is_root) print_json(program, task, rounds, residual);
  return residual <= rounding_error(task.n) ? 0 : 1;
}

/// The whole program: `make(type_identity<T>, n)` makes its way of multiplying. The exit status, the same on all ranks but where C is wrong.
template <class Make>
int multiply_in_rounds(const Program& program, int argc, char** argv, const Make& make) {
  const std::optional<Task> task = parse(argc, argv);
  if (!task) return refuse_words(program);
  if (task->kernel == "multiply_naive_i64") {
    auto way = make(std::type_identity<std::int64_t>(), task->n);
    const NamedKernel<std::int64_t> kernel{multiply_naive_into<std::int64_t>, task->kernel};
    return run_rounds<std::int64_t>(program, *task, way, kernel, kernel);
  }
  auto way = make(std::type_identity<double>(), task->n);
  return run_rounds<double>(program, *task, way, kernel_of(task->kernel), kernel_of(task->kernel == "multiply_naive" ? "multiply" : task->kernel));
}

}  // namespace baselines
