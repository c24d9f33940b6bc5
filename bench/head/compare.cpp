// One figure from what programs that stand alone have printed: the seconds of one against all others'.
//
//     bench_compare SAMPLES NAME OURS LIMIT < LINES
//
// SAMPLES: a file that the figure is appended to. LINES: the programs' lines of JSON, as they came; OURS: the `program` of Gluster's. LIMIT: of the ratio, or -; 1: a tie.
// All starts have as many rounds. Exit status 1 where a
// program says that what it computed is wrong.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "figure.hpp"

namespace {

bench::Figure read_figure(const std::string& name, const std::string& ours, const std::string& limit) {
  bench::Figure figure{.name = name, .unit = "ms"};
  if (limit == "1") figure.budget = bench::ratio_ties(1);
  else if (limit != "-") figure.budget = bench::ratio_at_most(std::stod(limit));
  for (std::string line; std::getline(std::cin, line);) {
    const auto run = nlohmann::json::parse(line);
    const auto program = run.at("program").get<std::string>();
    if (!run.at("correct").get<bool>()) throw std::runtime_error(program + " has computed something wrong");
    auto& values = program == ours ? figure.values : figure.baseline;
    figure.rounds_a_start = run.at("total").size();
    for (const double seconds : run.at("total")) values.push_back(seconds * 1e3);
  }
  if (figure.values.empty() || figure.baseline.empty()) throw std::runtime_error("a contestant of '" + name + "' has said nothing");
  return figure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw std::runtime_error("usage: bench_compare SAMPLES NAME OURS LIMIT < LINES");
    bench::Report(argv[1]).add(read_figure(argv[2], argv[3], argv[4]));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_compare: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
