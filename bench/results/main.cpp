// Keeps what contestants print, and makes pages of it. In this order:
//
//     bench_report add RUNS FACT=VALUE... < LINES       lines of JSON as contestants print them, with facts of who started them
//     bench_report write DIRECTORY RUNS FACT=VALUE...   samples.h5, summary.csv, plots and README.md; facts of the machine
//     bench_report page DIRECTORY                       all but samples.h5 again, from samples.h5
//     bench_report compare DIRECTORY DIRECTORY...       sets of results side by side
//
// Exit status 1 where something is wrong with the numbers, 2 with the words.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>

#include "results/compare.hpp"
#include "results/page.hpp"

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct WrongWords : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bench::Facts facts_of(Words::const_iterator word, Words::const_iterator end) {
  bench::Facts facts;
  for (; word != end; ++word) {
    const std::size_t at = word->find('=');
    if (at == std::string::npos) throw WrongWords(*word + " is not FACT=VALUE");
    const std::string value = word->substr(at + 1);
    const auto number = nlohmann::json::parse(value, nullptr, false);
    facts[word->substr(0, at)] = number.is_number() ? number : nlohmann::json(value);
  }
  return facts;
}

std::string of_facts(const bench::Facts& facts) {
  std::string text;
  for (const auto& [name, value] : facts)
    if (name != "part") text += fmt::format(" {} {}", name, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

void add(const Words& words) {
  std::ofstream out(words.at(1), std::ios::app);
  const bench::Facts facts = facts_of(words.begin() + 2, words.end());
  bool is_any = false;
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.starts_with('{')) continue;
    bench::Run run = bench::read_run(line);
    const bench::Estimate total = bench::estimate(run.rounds["total"]);
    const auto size = [&] {
      return run.facts.contains("n") ? fmt::format(" {} {}", run.facts["kernel"].get<std::string>(), run.facts["n"].dump()) : "";
    };
    fmt::print("{:<9}{}: {}{} {:.6g} s\n", facts.at("part").get<std::string>(), of_facts(facts), run.facts["program"].get<std::string>(), size(),
               total.median);
    for (const auto& [name, value] : facts) run.facts[name] = value;
    out << bench::to_line(run) << '\n';
    is_any = true;
  }
  if (!is_any) throw std::runtime_error("a contestant has printed no line of JSON");
  if (!out.flush()) throw std::runtime_error(words.at(1) + " cannot be written");
}

void write(const Words& words) {
  bench::Measured measured{facts_of(words.begin() + 3, words.end()), {}};
  std::ifstream in(words.at(2));
  for (std::string line; std::getline(in, line);) measured.runs.push_back(bench::read_run(line));
  if (measured.runs.empty()) throw std::runtime_error("there is nothing measured in " + words.at(2));
  const fs::path directory = words.at(1);
  fs::create_directories(directory);
  bench::write_hdf5(directory / "samples.h5", measured);
  bench::write_page(directory, measured);
}

int run(const Words& words) {
  const std::string what = words.empty() ? "" : words.front();
  if (what == "add" && words.size() >= 2) add(words);
  else if (what == "write" && words.size() >= 3) write(words);
  else if (what == "page" && words.size() == 2) bench::write_page(words[1], bench::read_hdf5(fs::path(words[1]) / "samples.h5"));
  else if (what == "compare" && words.size() >= 3) bench::compare({words.begin() + 1, words.end()});
  else
    throw WrongWords(
        "usage: bench_report add RUNS FACT=VALUE... | write DIRECTORY RUNS FACT=VALUE... | page DIRECTORY | compare DIRECTORY DIRECTORY...");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_report: {}\n", error.what());
    return dynamic_cast<const WrongWords*>(&error) != nullptr ? 2 : 1;
  }
}
