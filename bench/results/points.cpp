#include "results/points.hpp"

#include <algorithm>
#include <set>

namespace bench {
namespace {

bool has(const Facts& facts, const Facts& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& fact) {
    const auto at = facts.find(fact.first);
    return at != facts.end() && at->second == fact.second;
  });
}

}  // namespace

std::string Point::text(const std::string& fact) const {
  const auto at = facts.find(fact);
  if (at == facts.end()) return "";
  return at->second.is_string() ? at->second.get<std::string>() : at->second.dump();
}

std::size_t Point::round_count() const {
  std::size_t count = 0;
  for (const auto& start : rounds.at("total")) count += start.size();
  return count;
}

std::vector<Point> points_of(const std::vector<Run>& runs) {
  std::vector<Point> points;
  for (const Run& run : runs) {
    auto same = std::ranges::find_if(points, [&](const Point& point) { return point.facts == run.facts; });
    if (same == points.end()) same = points.insert(points.end(), Point{run.facts, {}});
    for (const auto& [of, seconds] : run.rounds) same->rounds[of].push_back(seconds);
  }
  return points;
}

const Point* find(const std::vector<Point>& points, const Facts& wanted) {
  const auto at = std::ranges::find_if(points, [&](const Point& point) { return has(point.facts, wanted); });
  return at == points.end() ? nullptr : &*at;
}

std::vector<double> values_of(const std::vector<Point>& points, const std::string& fact, const Facts& wanted) {
  std::set<double> values;
  for (const Point& point : points) {
    if (has(point.facts, wanted) && point.facts.contains(fact)) values.insert(point.facts.at(fact).get<double>());
  }
  return {values.begin(), values.end()};
}

Comparison compare(const Point& a, const Point& b) {
  const Estimate ratio = ratio_of_medians(a.rounds.at("total"), b.rounds.at("total"));
  return {ratio, std::min(a.round_count(), b.round_count()) < kMinimumRounds, is_wide(ratio)};
}

}  // namespace bench
