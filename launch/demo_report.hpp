#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace demo {

struct Round {
  double seconds = 0;  // from the input in the master's memory to the result there
  double kernel = 0;   // of these, inside the kernel, on the rank that was there longest
};

// The rounds of one thing. All but `add` want one at least.
class Rounds {
 public:
  void add(const Round& round);
  bool empty() const { return seconds_.empty(); }
  double last() const { return seconds_.back(); }
  double best() const;
  double median() const;
  double median_in_kernel() const;

 private:
  std::vector<double> seconds_;
  std::vector<double> in_kernel_;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A line of the table: something that ran, and was right.
struct Line {
  std::string what;
  std::string where;
  std::string workers;  // how many x the threads of each
  Rounds rounds;
  double work = 0;  // of one round, so that `unit` is of work a second
  std::string unit;
  double by_hand = 0;  // median seconds of hand-written MPI; 0: it was not timed
};

void print_table(const std::vector<Line>& lines);

// 1234567 as 1,234,567.
std::string grouped(std::int64_t number);

}  // namespace demo
