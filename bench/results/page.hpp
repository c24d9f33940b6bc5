// The page that puts a set of results together, its plots and its table for other programs.
#pragma once
#include <filesystem>

#include "results/points.hpp"

namespace bench {

/// Writes README.md, summary.csv and the plots to a directory that is there.
void write_page(const std::filesystem::path& directory, const Measured& measured);

}  // namespace bench
