#include "results/page.hpp"

#include <cmath>
#include <fstream>
#include <stdexcept>

#include "results/curves.hpp"
#include "results/markdown.hpp"
#include "results/model.hpp"

namespace bench {
namespace {

std::string machine_of(const Facts& machine) {
  std::vector<Row> rows;
  for (const auto& [fact, value] : machine)
    if (fact != "left_out") rows.push_back({fact, value.is_string() ? value.get<std::string>() : value.dump()});
  return table({"", ""}, rows);
}

// One node with and without the library.
std::string library(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& alone : points) {
    if (alone.text("part") != "library" || alone.text("program") != "matmul_openmp") continue;
    Facts facts = alone.facts;
    for (const char* fact : {"ranks", "threads"}) facts.erase(fact);
    const auto by = [&](const char* program) {
      facts["program"] = program;
      return find(points, facts);
    };
    const Point* const vectors = by("gluster_from_vectors");
    const Point* const in_place = by("gluster_in_place");
    const std::string paper = alone.text("n") == "1024" ? "*+31 % one thread, +66 % all*" : alone.text("n") == "4096" ? "*about +5 %*" : kNothing;
    rows.push_back({alone.text("n"), alone.text("kernel"), alone.text("node_threads"), seconds(&alone), seconds(vectors), ratio_text(vectors, &alone),
                    seconds(in_place), ratio_text(in_place, &alone), paper});
  }
  if (rows.empty()) return "Not measured.\n\n";
  return table({"n", "kernel", "threads", "without, s", "Gluster from vectors, s", "ratio", "Gluster in place, s", "ratio", "*the paper, elsewhere*"},
               rows);
}

// The rows "head to head" of the budget: all cores of one node, a rank a core by hand and one runner with all of them.
std::string full_speed(const std::vector<Point>& points) {
  struct Pair {
    const char *ours, *how, *theirs, *their_name;
    double limit;
  };
  constexpr Pair kPairs[] = {{"gluster_from_vectors", "from vectors", "matmul_mpi_openmp", "MPI: scatter, broadcast, gather", 1},
                             {"gluster_from_vectors", "from vectors", "matmul_pdgemm", "ScaLAPACK's pdgemm, with distribution and gathering", 1},
                             {"gluster_in_place", "in node memory", "matmul_windows", "MPI with shared windows", 1.05},
                             {"gluster_words", "from words in memory", "word_count_mpi_openmp", "MPI", 1}};
  std::vector<Row> rows;
  for (const Point& theirs : points) {
    if (theirs.text("part") != "full_speed") continue;
    for (const Pair& pair : kPairs) {
      if (theirs.text("program") != pair.theirs) continue;
      Facts same{{"part", "full_speed"}, {"program", pair.ours}};
      for (const char* fact : {"kernel", "n", "copies"})
        if (theirs.facts.contains(fact)) same[fact] = theirs.facts.at(fact);
      const Point* const ours = find(points, same);
      const std::string what = theirs.text("kernel").empty() ? copies_of(theirs) + " of the text" : theirs.text("kernel") + " " + theirs.text("n");
      rows.push_back(
          {what, pair.how, seconds(ours), pair.their_name, seconds(&theirs), ratio_text(ours, &theirs), fmt::format("≤ {:.2f}", pair.limit)});
    }
  }
  if (rows.empty()) return "Not measured.\n\n";
  return table({"", "Gluster", "s", "by hand, a rank a core", "s", "ratio", "to be"}, rows);
}

std::string plugins(const std::vector<Point>& points) {
  const auto row = [&](const char* what, const char* program, const char* paper) {
    const Point* const point = find(points, {{"part", "plugins"}, {"program", program}});
    return Row{what, point == nullptr ? kNothing : with_spread(point->seconds(), 1e-3), paper};
  };
  return table(
      {"from the file's name to the value", "ms", "*the paper, elsewhere*"},
      {row("a built plugin, first call", "gluster_built_first", "*a couple of ms*"), row("a built plugin, later", "gluster_built_later", kNothing),
       row("a source, first call, nothing cached", "gluster_source_first", "*multiple s*"),
       row("a source, later", "gluster_source_later", kNothing)});
}

// What turns of 1 ms do: to a kernel that computes, and to whoever waits for an answer.
std::string throttle(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& slow : points) {
    if (slow.text("part") != "alone" || slow.text("cpu") == "all") continue;
    const Point* const whole = find(points, {{"part", "table1"}, {"kernel", slow.facts.at("kernel")}, {"n", slow.facts.at("n")}, {"mode", "serial"}});
    if (whole == nullptr) continue;
    const double expected = whole->seconds().median * 100 / slow.facts.at("cpu").get<double>();
    rows.push_back({fmt::format("{} {}, threads: {}, R = {}", slow.text("kernel"), slow.text("n"), slow.text("node_threads"), slow.text("rate")),
                    slow.text("cpu") + " %", with_spread(slow.seconds()), digits(expected),
                    fmt::format("{:+.0f} %", (slow.seconds().median / expected - 1) * 100)});
  }
  std::string text;
  if (!rows.empty())
    text += table({"one kernel on one such node", "of a core", "s", "s on a whole core, divided by the part", "throttling's own"}, rows);
  rows.clear();
  for (const Point& trip : points) {
    if (trip.text("part") != "throttle") continue;
    rows.push_back({trip.text("bytes") + " B there and back by MPI", trip.text("cpu") == "all" ? "whole cores" : trip.text("cpu") + " % of a core",
                    trip.text("link"), with_spread(trip.seconds(), 1e-3)});
  }
  if (!rows.empty()) text += table({"between two nodes", "each", "cable", "ms"}, rows);
  if (text.empty()) return "Not measured.\n\n";
  return text +
         "A rank that spins while it waits uses up its node's turn, and then sleeps until the next: what needs an answer from another node can take "
         "a whole period longer than "
         "it would at full speed. The first node's master and its runner are two processes in one part of a core: where Gluster on one node takes "
         "longer than the kernel alone, "
         "it is because one waits for data in the turns that the other would need to move it. A program by hand has its rank 0's rows there "
         "already.\n\n";
}

// What the model knows of a pair of nodes.
std::string inputs(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& call : points) {
    if (call.text("part") != "overheads" || call.text("program") != "gluster_call" || call.facts.at("nodes") != 2) continue;
    const Point* const bytes = find(
        points, {{"part", "overheads"}, {"program", "gluster_bytes"}, {"nodes", 2}, {"cpu", call.facts.at("cpu")}, {"link", call.facts.at("link")}});
    rows.push_back({call.text("like"), call.text("cpu") == "all" ? "whole cores" : call.text("cpu") + " % of a core", call.text("link"),
                    with_spread(call.seconds(), 1e-3),
                    bytes == nullptr ? kNothing : digits(bytes->facts.at("mebibytes").get<double>() / bytes->seconds().median)});
  }
  return rows.empty() ? "Not measured.\n\n" : table({"nodes like those of", "each", "cable", "an empty call, ms", "MiB/s"}, rows);
}

// Two digits that count.
std::string digits_of_two(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 1);
  return fmt::format("{:.0f}", std::round(value / unit) * unit);
}

std::string limits(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& point : points) {
    const bool is_calls = point.text("program") == "gluster_calls";
    if (point.text("part") != "overheads" || point.text("cpu") != "all" || point.facts.at("nodes") == 2 ||
        (!is_calls && point.text("program") != "gluster_tickets"))
      continue;
    Row row{is_calls ? "a call a task" : "a map, a ticket a task",
            point.facts.at("nodes") == 1 ? "2 on the master's node" : "3 on nodes of their own", with_spread(point.seconds(), 1e-6)};
    for (const double task : {1e-3, 10e-3, 100e-3}) row.push_back(digits_of_two(model::most_runners(task, point.seconds().median)));
    rows.push_back(row);
  }
  if (rows.empty()) return "Not measured.\n\n";
  return table({"tasks", "runners", "µs a task", "tasks of 1 ms: runners", "of 10 ms", "of 100 ms"}, rows);
}

std::string csv_of(const std::vector<Point>& points) {
  const std::vector<std::string> facts{"part",         "program", "kernel", "n",         "copies", "words", "mode", "nodes",
                                       "node_threads", "runners", "bytes",  "mebibytes", "rate",   "link",  "cpu",  "like"};
  std::string text = fmt::format("{},starts,rounds,median_s,low_s,high_s\n", fmt::join(facts, ","));
  for (const Point& point : points) {
    for (const std::string& fact : facts) {
      const std::string value = point.text(fact);
      text += (value.find(',') == std::string::npos ? value : '"' + value + '"') + ',';
    }
    const Estimate total = point.seconds();
    text += fmt::format("{},{},{:.9g},{:.9g},{:.9g}\n", point.rounds.at("total").size(), point.round_count(), total.median, total.low, total.high);
  }
  return text;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  if (!out.flush()) throw std::runtime_error(file.string() + " cannot be written");
}

std::string page_of(const std::filesystem::path& directory, const Measured& measured) {
  const std::vector<Point> points = points_of(measured.runs);
  std::string text = "# The paper's experiments, measured again\n\n";
  text +=
      "Made by `bench/run paper`; every sample is in `samples.h5`, medians are in `summary.csv`. Numbers are medians of all rounds of several "
      "starts, with 95 % bootstrap "
      "intervals that draw starts and then rounds in them; contestants were started in turn, now one first and now the other, and every product and "
      "every count of words was "
      "checked. The kernel alone on a node, round trips and the model's inputs are of one start each. Gluster / another below 1: "
      "Gluster is faster; where the interval is wider than a quarter there is no number, but what can be said. With three starts a point, one in ten "
      "is "
      "told faster or slower where nothing differs. From vectors A and B are sent anew in every round, and C is always filled with NaN before. *What "
      "the paper "
      "prints stands in italics: it was measured elsewhere*, "
      "on 16 computers of 14 cores, in Go, with 64-bit integers and the plain triple loop; a dash: it prints nothing, or it was not measured "
      "here.\n\n"
      "`multiply_naive` is the paper's plain triple loop, `multiply` one in blocks, `multiply_blas` OpenBLAS's.\n\n";
  if (std::ranges::any_of(points, [](const Point& point) { return !point.text("cpu").empty() && point.text("cpu") != "all"; })) {
    text +=
        "A node in slow motion has a part of a core, the same along a curve: 1.6 cores by its most nodes. So a curve has the shape that it would "
        "have on "
        "whole nodes as far as R is reached and turns do little, which stands at each curve and in *What the emulation itself does*; its seconds "
        "mean "
        "nothing beside the paper's. R is how fast the paper's network is taken to have been: a cable here is as much slower than R as a node here "
        "is "
        "slower, by this kernel, than one of the paper's; for words by the plain loop at 384, which fits into a cache.\n\n";
  }
  text += machine_of(measured.machine);
  const auto left_out = measured.machine.find("left_out");
  if (left_out != measured.machine.end()) text += "**Left out** for lack of time or means: " + left_out->second.get<std::string>() + ".\n\n";
  text += standing(points);
  text += "## Table 1: one machine, without the library\n\n" + table1(points);
  text +=
      "## Table 2, Figures 3 and 4: the matrix product on several nodes\n\nWith one thread a node: Figure 3; with all of a node's: Figure 4. The "
      "master shares the first node with a runner, as MPI's rank 0 "
      "computes there. A rank a node has no memory to share with another, so a program by hand with shared windows would be the same program "
      "here.\n\n" +
      products(points, directory) + "The paper's own Table 2, all of it:\n\n" + papers_table2();
  text += "## Figure 5: words a second\n\nFrom words in memory to the merged map; reading is not timed.\n\n" + words(points, directory);
  text +=
      "## Head to head at full speed\n\nOne node, all of its cores, nothing emulated. Gluster: a master, and one runner with a thread a core. By "
      "hand: a rank a core, since one rank with a thread a core sends nothing, and is what stands below as *without*. Nobody is bound to cores. A "
      "tie counts as kept: a median of at most 0.02 above. Shared windows by hand have the pages that MPI gives them; Gluster makes large ones of "
      "its node memory where the system lets it.\n\n" +
      full_speed(points);
  text += "## What the paper claims in words\n\nOne node, with and without the library, at full speed:\n\n" + library(points) + plugins(points);
  text += "## What the emulation itself does\n\n" + throttle(points);
  text +=
      "## The model\n\nPredictions above come from what is in the next table, measured apart from the curves: the kernel alone on one "
      "node (of words: the program by hand on one, "
      "and, of Gluster's own starts on two, what its master takes to merge), an empty call between two nodes, and what a byte takes between them "
      "(`bench/results/model.hpp`); nothing is fitted. It "
      "hides no sending behind "
      "computing, and knows nothing of turns.\n\n" +
      inputs(points) +
      "So many runners that compute all the time are what one master can keep busy with empty tasks; bytes come on top. From a few runners on one "
      "machine, which share its cores "
      "with the master: an order of magnitude, and where the next design starts.\n\n" +
      limits(points);
  return text;
}

}  // namespace

void write_page(const std::filesystem::path& directory, const Measured& measured) {
  write_text(directory / "summary.csv", csv_of(points_of(measured.runs)));
  write_text(directory / "README.md", page_of(directory, measured));
}

}  // namespace bench
