// Curves with their spread, drawn by gnuplot.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "figure.hpp"

namespace bench {

struct Curve {
  std::string name;
  std::vector<std::pair<double, Estimate>> at = {};
  bool is_predicted = false;  ///< dashed, without spread
};

struct Plot {
  std::string title;
  std::string emulated;  ///< a second line: what was emulated and how
  std::string x, y;      ///< with their units
  std::vector<Curve> curves = {};
};

/// As SVG; curves without points are left out. Throws std::runtime_error where gnuplot fails or is not there.
void draw(const std::filesystem::path& file, const Plot& plot);

}  // namespace bench
