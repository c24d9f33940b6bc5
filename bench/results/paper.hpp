// What the paper prints, in seconds; measured elsewhere: 16 computers of 14 cores each (Intel Xeon), TCP/IP, in Go, 64-bit integers and a plain triple loop. Where it
// prints nothing, nothing is here either.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

namespace bench::paper {

struct OneMachine {
  std::int64_t n;
  double serial, threads;
};
inline constexpr std::array<OneMachine, 3> kTable1{{{1024, 3.09, 0.293}, {4096, 704, 53.3}, {8192, 6080, 478}}};

struct Nodes {
  std::int64_t n;
  std::int64_t nodes;
  double one_thread, all_threads;
};
inline constexpr std::array<Nodes, 12> kTable2{{{1024, 1, 4.04, 0.486},
                                                {1024, 2, 2.13, 0.30},
                                                {1024, 8, 0.852, 0.212},
                                                {1024, 16, 0.567, 0.252},
                                                {4096, 1, 747, 55.9},
                                                {4096, 2, 383, 29.6},
                                                {4096, 8, 134, 9.06},
                                                {4096, 16, 51.2, 6.75},
                                                {8192, 1, 6410, 456},
                                                {8192, 2, 3280, 334},
                                                {8192, 8, 859, 70.8},
                                                {8192, 16, 485, 42.8}}};

inline std::optional<double> table1(std::int64_t n, bool threads) {
  for (const OneMachine& row : kTable1)
    if (row.n == n) return threads ? row.threads : row.serial;
  return std::nullopt;
}
inline std::optional<double> table2(std::int64_t n, std::int64_t nodes, bool threads) {
  for (const Nodes& row : kTable2)
    if (row.n == n && row.nodes == nodes) return threads ? row.all_threads : row.one_thread;
  return std::nullopt;
}

}  // namespace bench::paper
