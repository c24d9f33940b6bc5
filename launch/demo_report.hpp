#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace demo {

// The seconds of each round. `best` and `median` want one at least.
struct Times {
  std::vector<double> seconds;
  double best() const;
  double median() const;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A line of the table: something that ran, and was right.
struct Line {
  std::string what;
  std::string where;
  std::string workers;  // how many x the threads of each
  Times times;
  double work = 0;  // of one round, so that `unit` is of work a second
  std::string unit;
  double by_hand = 0;  // median seconds of hand-written MPI; 0: it was not timed
};

void print_table(const std::vector<Line>& lines);

// 1234567 as 1,234,567.
std::string grouped(std::int64_t number);

}  // namespace demo
