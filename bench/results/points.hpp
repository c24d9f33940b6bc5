// What was measured, point by point: all rounds of all starts with the same facts are one point.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "figure.hpp"
#include "results/run.hpp"

namespace bench {

struct Point {
  Facts facts = {};
  std::map<std::string, Starts> rounds = {};

  Estimate seconds(const std::string& of = "total") const { return estimate(rounds.at(of)); }
  std::size_t round_count() const;
  /// A fact as text; empty: it has none of that name.
  std::string text(const std::string& fact) const;
};

std::vector<Point> points_of(const std::vector<Run>& runs);

/// The first point that has all of these facts; null: there is none.
const Point* find(const std::vector<Point>& points, const Facts& wanted);

/// All values of one fact among the points with these facts, in order.
std::vector<double> values_of(const std::vector<Point>& points, const std::string& fact, const Facts& wanted);

/// What can be said of a ratio of medians: nothing, unless both sides have kMinimumRounds; and where the interval is wider than a quarter of the median, no
/// number, since that would tell a reader more than is known.
struct Comparison {
  Estimate ratio;
  bool has_few_rounds;
  bool is_wide;
  bool is_number() const { return !has_few_rounds && !is_wide; }
};
inline constexpr std::size_t kMinimumRounds = 5;
Comparison compare(const Point& a, const Point& b);

}  // namespace bench
