#include "results/compare.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "results/markdown.hpp"
#include "results/points.hpp"

namespace bench {
namespace {

struct Set {
  std::string name;
  Facts machine;
  std::vector<Point> points;
};

Set read_set(const std::string& directory) {
  Measured measured = read_hdf5(std::filesystem::path(directory) / "samples.h5");
  return {directory, std::move(measured.machine), points_of(measured.runs)};
}

// What is the same question on any machine: how fast a link had to be to be like the paper's is an answer, and so is how many cores "all threads" are.
Facts question_of(const Facts& facts) {
  Facts question = facts;
  for (const char* answer : {"step", "link", "threads", "ranks", "runners", "words", "calls"}) question.erase(answer);
  if (question.contains("mode")) question.erase("node_threads");  // "threads": all that there are
  return question;
}

std::string name_of(const Facts& question) {
  std::string name;
  for (const char* fact : {"part", "program", "kernel", "n", "mode", "copies", "nodes", "node_threads", "rate", "cpu", "like", "bytes"}) {
    const auto at = question.find(fact);
    if (at != question.end())
      name += fmt::format("{}{}", name.empty() ? "" : " ",
                          at->second.is_string() ? at->second.get<std::string>() : fmt::format("{}={}", fact, at->second.dump()));
  }
  return name;
}

std::string verdict(const Comparison& of) {
  if (of.has_few_rounds) return fmt::format("fewer than {} rounds", kMinimumRounds);
  const std::string verdict = of.ratio.low > 1 ? "slower" : of.ratio.high < 1 ? "faster" : "noise";
  return of.is_wide ? verdict + ", spread too wide for a number" : verdict;
}

void print_machine(char letter, const Set& set) {
  fmt::print("{}: {}\n", letter, set.name);
  for (const auto& [fact, value] : set.machine) fmt::print("     {:<12} {}\n", fact, value.is_string() ? value.get<std::string>() : value.dump());
}

int compare_two(const Set& first, const Set& other, char letter) {
  int shared = 0;
  bool has_heading = false;
  for (const Point& point : other.points) {
    const Facts question = question_of(point.facts);
    const auto is_it = [&](const Point& one) { return question_of(one.facts) == question; };
    const auto before = std::ranges::find_if(first.points, is_it);
    if (before == first.points.end()) continue;
    if (std::ranges::count_if(first.points, is_it) > 1 || std::ranges::count_if(other.points, is_it) > 1) {
      fmt::print("answered twice in one set, and left out: {}\n", name_of(question));
      ++shared;
      continue;
    }
    ++shared;
    if (!std::exchange(has_heading, true))
      fmt::print("\n{:<76} {:>11} {:>11} {:>6}  {:<14} verdict\n", fmt::format("{} against A", letter), "A, s", fmt::format("{}, s", letter), "ratio",
                 "95 %");
    const Comparison of = compare(point, *before);
    fmt::print("{:<76} {:>11.6g} {:>11.6g} {:>6}  {:<14} {}\n", name_of(question), before->seconds().median, point.seconds().median,
               of.is_number() ? fmt::format("{:.3f}", of.ratio.median) : "-",
               of.has_few_rounds ? "-" : fmt::format("{:.3f} to {:.3f}", of.ratio.low, of.ratio.high), verdict(of));
  }
  fmt::print(
      "{} points are in both, {} only in A, {} only in {}. Intervals know of starts and rounds, and not of another day: where nothing "
      "differs, one in twenty is told faster or slower all the same, and with three starts each one in ten.\n",
      shared, first.points.size() - static_cast<std::size_t>(shared), other.points.size() - static_cast<std::size_t>(shared), letter);
  return shared;
}

// Ours beside the same work by hand, in the same set: what a machine's speed is no part of.
std::optional<std::string> beside_by_hand(const Set& set, const Facts& question) {
  const std::string& ours = question.at("program").get_ref<const std::string&>();
  Facts theirs = question;
  theirs["program"] = ours == "gluster_words"            ? "word_count_mpi_openmp"
                      : question.at("part") == "library" ? "matmul_openmp"
                      : ours == "gluster_in_place"       ? "matmul_windows"
                                                         : "matmul_mpi_openmp";
  const auto find_question = [&](const Facts& wanted) {
    return std::ranges::find_if(set.points, [&](const Point& one) { return question_of(one.facts) == wanted; });
  };
  const auto a = find_question(question), b = find_question(theirs);
  if (a == set.points.end() || b == set.points.end()) return std::nullopt;
  return ratio_text(&*a, &*b);
}

void print_ratios(const Set& first, const Set& other, char letter) {
  bool has_heading = false;
  for (const Point& point : other.points) {
    const std::string program = point.text("program");
    if (program != "gluster_words" && program != "gluster_from_vectors" && program != "gluster_in_place") continue;
    const Facts question = question_of(point.facts);
    const auto before = beside_by_hand(first, question), now = beside_by_hand(other, question);
    if (!before || !now) continue;
    if (!std::exchange(has_heading, true)) fmt::print("\n{:<76} {:<42} {}\n", "Gluster / by hand, in each set", "A", letter);
    fmt::print("{:<76} {:<42} {}\n", name_of(question), *before, *now);
  }
}

}  // namespace

void compare(const std::vector<std::string>& directories) {
  std::vector<Set> sets;
  for (const std::string& directory : directories) sets.push_back(read_set(directory));
  char letter = 'A';
  for (const Set& set : sets) print_machine(letter++, set);
  for (std::size_t at = 1; at < sets.size(); ++at) {
    if (compare_two(sets[0], sets[at], static_cast<char>('A' + at)) == 0)
      throw std::runtime_error(fmt::format("{} and {} have no point in common", sets[0].name, sets[at].name));
    print_ratios(sets[0], sets[at], static_cast<char>('A' + at));
  }
}

}  // namespace bench
