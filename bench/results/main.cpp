// Keeps what contestants print, and makes pages of it. In this order:
//
//     bench_report add RUNS FACT=VALUE... < LINES       lines of JSON as contestants print them, with facts of who started them
//     bench_report write DIRECTORY RUNS FACT=VALUE...   samples.h5, summary.csv, plots and README.md; facts of the machine
//     bench_report is DIRECTORY FACT=VALUE...           whether what is there was measured on a machine with these facts
//     bench_report extend DIRECTORY RUNS WHEN TITLES    the page again, with steps that were measured later, or again
//     bench_report page DIRECTORY                       all but samples.h5 again, from samples.h5
//     bench_report compare DIRECTORY DIRECTORY...       sets of results side by side
//
// Exit status 1 where something is wrong with the numbers, 2 with the words.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
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
    if (name != "part" && name != "step") text += fmt::format(" {} {}", name, value.is_string() ? value.get<std::string>() : value.dump());
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

std::vector<bench::Run> runs_of(const std::string& file) {
  std::vector<bench::Run> runs;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) runs.push_back(bench::read_run(line));
  if (runs.empty()) throw std::runtime_error("there is nothing measured in " + file);
  return runs;
}

void write(const Words& words) {
  const bench::Measured measured{facts_of(words.begin() + 3, words.end()), runs_of(words.at(2))};
  const fs::path directory = words.at(1);
  fs::create_directories(directory);
  bench::write_hdf5(directory / "samples.h5", measured);
  bench::write_page(directory, measured);
}

Words titles_in(const std::string& joined) {
  Words titles;
  for (std::size_t at = 0, end = 0; at < joined.size(); at = end + 2) {
    end = std::min(joined.find("; ", at), joined.size());
    titles.push_back(joined.substr(at, end - at));
  }
  return titles;
}

void expect_machine(const Words& words) {
  const fs::path directory = words.at(1);
  const bench::Measured measured = bench::read_hdf5(directory / "samples.h5");
  for (const auto& [fact, value] : facts_of(words.begin() + 2, words.end())) {
    const auto there = measured.machine.find(fact);
    if (there != measured.machine.end() && there->second != value)
      throw std::runtime_error(
          fmt::format("{} is of another {}: {}, and here it is {}", directory.string(), fact, there->second.dump(), value.dump()));
  }
}

void extend(const Words& words) {
  const fs::path directory = words.at(1);
  bench::Measured measured = bench::read_hdf5(directory / "samples.h5");
  const Words titles = titles_in(words.at(4));
  std::erase_if(measured.runs, [&](const bench::Run& run) {
    const auto step = run.facts.find("step");
    return step != run.facts.end() && std::ranges::find(titles, step->second.get<std::string>()) != titles.end();
  });
  std::ranges::move(runs_of(words.at(2)), std::back_inserter(measured.runs));
  // What the set says of a step is said anew.
  const auto without = [&](const char* fact, const char* mark) {
    Words entries;
    if (measured.machine.contains(fact)) entries = titles_in(measured.machine.at(fact).get<std::string>());
    std::erase_if(entries, [&](const std::string& entry) {
      return std::ranges::any_of(titles, [&](const std::string& title) { return entry.starts_with(title + mark); });
    });
    return entries;
  };
  const Words left_out = without("left_out", ":");
  Words added = without("added", " (");
  for (const std::string& title : titles) added.push_back(fmt::format("{} ({})", title, words.at(3)));
  measured.machine["added"] = fmt::format("{}", fmt::join(added, "; "));
  measured.machine["left_out"] = fmt::format("{}", fmt::join(left_out, "; "));
  if (left_out.empty()) measured.machine.erase("left_out");
  bench::write_hdf5(directory / "samples.h5", measured);
  bench::write_page(directory, measured);
}

int run(const Words& words) {
  const std::string what = words.empty() ? "" : words.front();
  if (what == "add" && words.size() >= 2) add(words);
  else if (what == "write" && words.size() >= 3) write(words);
  else if (what == "is" && words.size() >= 3) expect_machine(words);
  else if (what == "extend" && words.size() == 5) extend(words);
  else if (what == "page" && words.size() == 2) bench::write_page(words[1], bench::read_hdf5(fs::path(words[1]) / "samples.h5"));
  else if (what == "compare" && words.size() >= 3) bench::compare({words.begin() + 1, words.end()});
  else
    throw WrongWords(
        "usage: bench_report add RUNS FACT=VALUE... | write DIRECTORY RUNS FACT=VALUE... | is DIRECTORY FACT=VALUE... | extend DIRECTORY RUNS WHEN "
        "TITLES | page "
        "DIRECTORY | compare DIRECTORY DIRECTORY...");
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
