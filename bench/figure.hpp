// One measured number, beside its baseline: how it is judged, printed for a person and written for a program.
#pragma once
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// What a figure must keep to: at most or at least so much, of its ratio to the baseline or of its own value. A tie: the lower end of the ratio's interval is at most
/// the limit, and its median at most 0.02 above.
struct Budget {
  enum class Of { kRatio, kValue } of;
  enum class Is { kAtMost, kAtLeast, kTies } is;
  double limit;
};

constexpr Budget ratio_at_most(double limit) { return {Budget::Of::kRatio, Budget::Is::kAtMost, limit}; }
constexpr Budget ratio_at_least(double limit) { return {Budget::Of::kRatio, Budget::Is::kAtLeast, limit}; }
constexpr Budget ratio_ties(double limit) { return {Budget::Of::kRatio, Budget::Is::kTies, limit}; }
constexpr Budget value_at_most(double limit) { return {Budget::Of::kValue, Budget::Is::kAtMost, limit}; }
constexpr Budget value_at_least(double limit) { return {Budget::Of::kValue, Budget::Is::kAtLeast, limit}; }

/// Samples are paired: values[i] and baseline[i] were taken one after the other, and ratios are of pairs. But where they come from several starts of programs: then ratios
/// are of medians.
struct Figure {
  std::string name;
  std::string unit;
  std::optional<Budget> budget = std::nullopt;
  std::vector<double> values = {};
  std::vector<double> baseline = {};  ///< empty: there is none
  std::string note = {};              ///< what the baseline is, and what else a reader should know
  std::size_t rounds_a_start = 0;     ///< as many samples, of either side, are of one start of a program; 0: all are of one
};

double median(std::vector<double> values);

/// A median and its 95 % interval, by bootstrap: always the same one for the same values.
struct Estimate {
  double median;
  double low;
  double high;
};
Estimate estimate(const std::vector<double>& values);

/// Samples by start of the program. One start may be faster than the next, whatever its rounds say: an interval draws starts, and then rounds in each of them.
using Starts = std::vector<std::vector<double>>;
Estimate estimate(const Starts& starts);
/// Each side is resampled by itself.
Estimate ratio_of_medians(const Starts& values, const Starts& baseline);

/// An interval wider than a quarter of its median: the number would tell a reader more than is known.
bool is_wide(const Estimate& of);

/// Prints a line for each figure as it comes; appends each with all of its samples to a file, a JSON object a line.
class Report {
 public:
  /// No file when `file` is empty. Throws std::runtime_error when it cannot be opened.
  explicit Report(const std::string& file);
  ~Report();
  Report(const Report&) = delete;

  void add(const Figure& figure);

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace bench
