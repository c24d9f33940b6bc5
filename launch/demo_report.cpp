#include "demo_report.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

namespace demo {
namespace {

constexpr std::size_t kColumns = 8;
using Row = std::array<std::string, kColumns>;
// Text to the left, numbers to the right.
constexpr std::array<bool, kColumns> kIsNumber = {false, false, false, true, true, true, true, true};

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Row row_of(const Line& line) {
  const double median = line.rounds.median();
  return {line.what,
          line.where,
          line.workers,
          fmt::format("{:.3f}", line.rounds.best()),
          fmt::format("{:.3f}", median),
          fmt::format("{:.3f}", line.rounds.median_in_kernel()),
          fmt::format("{:.1f} {}", line.work / median, line.unit),
          line.by_hand > 0 ? fmt::format("{:.2f}", median / line.by_hand) : "-"};
}

std::string padded(const std::string& text, std::size_t width, bool is_number) {
  return is_number ? fmt::format("{:>{}}", text, width) : fmt::format("{:<{}}", text, width);
}

}  // namespace

void Rounds::add(const Round& round) {
  seconds_.push_back(round.seconds);
  in_kernel_.push_back(round.kernel);
}

double Rounds::best() const { return *std::ranges::min_element(seconds_); }

double Rounds::median() const { return median_of(seconds_); }

double Rounds::median_in_kernel() const { return median_of(in_kernel_); }

void print_table(const std::vector<Line>& lines) {
  std::vector<Row> rows = {{"what", "where", "ranks x threads", "best s", "median s", "in kernel s", "rate", "to by hand"}};
  for (const Line& line : lines) rows.push_back(row_of(line));
  for (const Row& row : rows) {
    std::string text;
    for (std::size_t column = 0; column < kColumns; ++column) {
      std::size_t width = 0;
      for (const Row& each : rows) width = std::max(width, each[column].size());
      text += padded(row[column], width, kIsNumber[column]) + (column + 1 < kColumns ? "  " : "");
    }
    fmt::print("{}\n", text);
  }
}

std::string grouped(std::int64_t number) {
  std::string text = fmt::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace demo
