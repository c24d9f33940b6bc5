// What one start of a contestant has told: facts, and the seconds of each of its rounds. Kept in HDF5.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// By name, each a number or a string: `program`, `n`, `nodes` and so on.
using Facts = std::map<std::string, nlohmann::json>;

struct Run {
  Facts facts = {};
  std::map<std::string, std::vector<double>> rounds = {};  ///< seconds by what they were of; `total` is always there
};

/// From a line of JSON as contestants print it. Throws std::runtime_error where it has computed something wrong, or has no rounds.
Run read_run(const std::string& line);
/// As such a line.
std::string to_line(const Run& run);

/// All of what was measured at one time on one machine.
struct Measured {
  Facts machine = {};
  std::vector<Run> runs = {};
};

/// A group a run, facts as its attributes and rounds as its datasets; the machine as the attributes of the root. Both throw std::runtime_error with the file's name.
void write_hdf5(const std::filesystem::path& file, const Measured& measured);
Measured read_hdf5(const std::filesystem::path& file);

}  // namespace bench
