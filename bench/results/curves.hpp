// Tables 1 and 2, Figures 3 to 5: measured beside the paper's, and beside what the model predicts.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "results/points.hpp"

namespace bench {

std::string table1(const std::vector<Point>& points);
/// Table 2 with Figures 3 and 4, which are drawn into the directory.
std::string products(const std::vector<Point>& points, const std::filesystem::path& directory);
/// What the paper prints of Table 2, measured or not measured here.
std::string papers_table2();
/// Figure 5.
std::string words(const std::vector<Point>& points, const std::filesystem::path& directory);
/// At how many points of both Gluster wins, ties and loses, and where it loses.
std::string standing(const std::vector<Point>& points);

}  // namespace bench
