// Numbers and tables as a page has them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "results/points.hpp"

namespace bench {

inline constexpr const char* kNothing = "–";

/// Three digits that count: 1.23, 0.0123, 123.
inline std::string digits(double value) { return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:#.3g}", value); }

/// Median and interval, in units of `unit` seconds.
inline std::string with_spread(const Estimate& of, double unit = 1) {
  return fmt::format("{} ({}–{})", digits(of.median / unit), digits(of.low / unit), digits(of.high / unit));
}
inline std::string seconds(const Point* point) { return point == nullptr ? kNothing : with_spread(point->seconds()); }
inline std::string copies_of(const Point& words) { return words.facts.at("copies") == 1 ? "1 copy" : words.text("copies") + " copies"; }
inline std::string elsewhere(const std::optional<double>& value) { return value ? fmt::format("*{}*", *value) : kNothing; }

inline std::string ratio_text(const Point* a, const Point* b) {
  if (a == nullptr || b == nullptr) return kNothing;
  const auto [of, has_few_rounds, is_wide] = compare(*a, *b);
  if (has_few_rounds) return "too few rounds";
  if (is_wide)
    return fmt::format("{}: {:.2f} to {:.2f}",
                       of.low > 1    ? "slower, spread wide"
                       : of.high < 1 ? "faster, spread wide"
                                     : "spread too wide",
                       of.low, of.high);
  return fmt::format("{:.3f} ({:.3f}–{:.3f})", of.median, of.low, of.high);
}

using Row = std::vector<std::string>;
inline std::string table(const Row& heading, const std::vector<Row>& rows) {
  const auto line = [](const Row& row) { return fmt::format("| {} |\n", fmt::join(row, " | ")); };
  std::string text = line(heading) + line(Row(heading.size(), "---"));
  for (const Row& row : rows) text += line(row);
  return text + '\n';
}

}  // namespace bench
