// What was measured, point by point: all rounds of all starts with the same facts are one point.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "figure.hpp"
#include "report/run.hpp"

namespace bench {

struct Point {
  Facts facts = {};
  std::map<std::string, std::vector<double>> rounds = {};

  Estimate seconds(const std::string& of = "total") const { return estimate(rounds.at(of)); }
  /// A fact as text; empty: it has none of that name.
  std::string text(const std::string& fact) const;
};

std::vector<Point> points_of(const std::vector<Run>& runs);

/// The first point that has all of these facts; null: there is none.
const Point* find(const std::vector<Point>& points, const Facts& wanted);

/// All values of one fact among the points with these facts, in order.
std::vector<double> values_of(const std::vector<Point>& points, const std::string& fact, const Facts& wanted);

/// Medians of a to medians of b. Of spreads too wide to tell, nothing: see is_too_wide.
Estimate ratio(const Point& a, const Point& b);
/// Whether the interval is wider than a quarter of the median: then a ratio tells a reader more than is known.
bool is_too_wide(const Estimate& ratio);

}  // namespace bench
