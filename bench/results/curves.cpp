#include "results/curves.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <span>

#include "results/markdown.hpp"
#include "results/model.hpp"
#include "results/paper.hpp"
#include "results/plots.hpp"

namespace bench {
namespace {

constexpr const char* kGluster = "gluster_from_vectors";
constexpr const char* kByHand = "matmul_mpi_openmp";
constexpr const char* kWordsByHand = "word_count_mpi_openmp";
constexpr const char* kLoses = "**loses**";

// "1gbit" for a person.
std::string rate_of(const Point& point) {
  std::string rate = point.text("rate");
  return rate.ends_with("gbit") ? rate.replace(rate.size() - 4, 4, " Gbit/s") : rate;
}

// The facts that make a curve's points one group: those that say what and on what, and not how many nodes.
constexpr std::array kProductGroup{"kernel", "n", "node_threads", "rate", "cpu", "link"};
constexpr std::array kTable1Group{"kernel", "n"};
constexpr std::array kWordsGroup{"copies", "node_threads", "rate", "cpu", "link"};

template <class Names>
Facts group_of(const Point& like, const char* part, const Names& names) {
  Facts facts{{"part", part}};
  for (const char* name : names) facts[name] = like.facts.at(name);
  return facts;
}

// Of a file: different where the group is.
std::string file_of(const std::string& what, const Point& like) {
  std::string name = fmt::format("{}_{}_threads", what, like.text("node_threads"));
  if (!like.text("rate").empty()) name += "_" + like.text("rate");
  if (like.text("cpu") != "all") name += fmt::format("_{}_per_cent", like.text("cpu"));
  return name + ".svg";
}

std::string at_rate(const Point& point) { return point.text("rate").empty() ? "" : ", R = " + rate_of(point); }

// What the nodes are, and how fast their cables were found to be: a part of a core cannot fill every cable.
std::string emulation_of(const std::vector<Point>& points, const Point& like) {
  if (like.text("cpu") == "all") return fmt::format("Nodes: {}", like.text("link"));
  std::string text = fmt::format("Emulated: a node is a virtual host with {} % of a core, in turns of 1 ms, behind a cable of {}", like.text("cpu"),
                                 like.text("link"));
  const Point* const trip = find(points, {{"part", "throttle"}, {"bytes", 8 << 20}, {"cpu", like.facts.at("cpu")}, {"link", like.facts.at("link")}});
  const double cable = std::atof(like.text("link").c_str());
  if (trip == nullptr || cable <= 0) return text;
  const double measured = 2 * 8 * (8 << 20) / trip->seconds().median * 1e-6;
  text += fmt::format("; MPI got {} Mbit/s through it", digits(measured));
  if (measured < 0.75 * cable) text += fmt::format(", so R is not reached: it is {} of what it should be", digits(measured / cable));
  return text;
}

// A step of a program can take a period longer than it would at full speed.
std::string doubt_of(const Point& like, double steps, double fastest) {
  if (like.text("cpu") == "all") return "";
  const double period = 0.1 / like.facts.at("cpu").get<double>();  // seconds: a turn of 1 ms in each
  return fmt::format(" Turns come every {:.0f} ms: {:.0f} of them, which the emulation may add, are {:.0f} % of Gluster's time on most nodes.",
                     period * 1e3, steps, steps * period / fastest * 100);
}

std::string count(double value, const std::string& what) { return fmt::format("{} {}{}", value, what, value == 1 ? "" : "s"); }

Facts with(Facts facts, const std::string& name, const nlohmann::json& value) {
  facts[name] = value;
  return facts;
}

// What was measured between two nodes that were made in the same way; nothing: it was not.
std::optional<model::Way> way_of(const std::vector<Point>& points, const Point& like) {
  Facts wanted{{"part", "overheads"}, {"nodes", 2}};
  for (const char* fact : {"cpu", "link"}) wanted[fact] = like.facts.at(fact);
  const Point* const call = find(points, with(wanted, "program", "gluster_call"));
  const Point* const bytes = find(points, with(wanted, "program", "gluster_bytes"));
  if (call == nullptr || bytes == nullptr) return std::nullopt;
  return model::Way{call->seconds().median, bytes->seconds().median / (bytes->facts.at("mebibytes").get<double>() * 1048576)};
}

// One curve of each contestant, with what is predicted of ours.
struct Contest {
  std::string ours, theirs;  // programs
  std::string their_name;
  const Point* alone;                                            // the work on one node, without a library; null: it was not measured
  std::function<std::optional<double>(double nodes)> predicted;  // seconds
  std::function<std::optional<double>(double nodes)> printed;    // by the paper
};

// As section "head to head" of the budget has it: the median at most 0.02 above, its interval not above.
std::string win_or_tie(const Point* a, const Point* b) {
  if (a == nullptr || b == nullptr) return kNothing;
  const Comparison of = compare(*a, *b);
  if (of.has_few_rounds) return "too few rounds";
  if (of.ratio.low > 1) return kLoses;
  if (of.ratio.high < 1) return "wins";
  return of.is_wide ? "unclear" : of.ratio.median <= 1.02 ? "ties" : kLoses;
}

// Whether they differ by less than the emulation may add to one of them: a step may take a period longer, and MPI's ranks, which look all the time while they wait, lose more
// of theirs than Gluster's.
bool is_in_doubt(const Point* a, const Point* b, double steps) {
  if (a == nullptr || b == nullptr || a->text("cpu") == "all") return false;
  const double ours = a->seconds().median, theirs = b->seconds().median;
  return std::abs(ours - theirs) < steps * 0.1 / a->facts.at("cpu").get<double>();
}

// Of a program, in which it waits for another node.
double steps_of(const Point& point) { return point.facts.at("nodes").get<double>() + (point.text("part") == "words" ? 2 : 1); }

std::string side_by_side(const std::vector<Point>& points, const Facts& facts, const Contest& contest, const std::vector<double>& nodes) {
  Row heading{""};
  Row ours{"Gluster, s"}, theirs{contest.their_name + ", s"}, of{"Gluster / " + contest.their_name}, verdict{"Gluster"}, faster{"alone / Gluster"},
      faster_by_hand{"alone / " + contest.their_name}, model{"model of Gluster, s (error)"}, paper{"*the paper's library, plain loop, elsewhere, s*"},
      paper_faster{"*its one node / its time*"};
  for (const double count : nodes) {
    const Point* const a = find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", contest.ours));
    const Point* const b = find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", contest.theirs));
    heading.push_back(bench::count(count, "node"));
    ours.push_back(seconds(a));
    theirs.push_back(seconds(b));
    of.push_back(ratio_text(a, b));
    verdict.push_back(win_or_tie(a, b) + (a != nullptr && is_in_doubt(a, b, steps_of(*a)) ? ", in doubt" : ""));
    const auto speed_up = [&](const Point* point) {
      return point == nullptr || contest.alone == nullptr ? kNothing : digits(contest.alone->seconds().median / point->seconds().median);
    };
    faster.push_back(speed_up(a));
    faster_by_hand.push_back(speed_up(b));
    const auto predicted = contest.predicted(count);
    model.push_back(!predicted || a == nullptr ? kNothing
                                               : fmt::format("{} ({:+.0f} %)", digits(*predicted), (*predicted / a->seconds().median - 1) * 100));
    const auto printed = contest.printed(count), printed_one = contest.printed(1);
    paper.push_back(elsewhere(printed));
    paper_faster.push_back(printed && printed_one ? fmt::format("*{}*", digits(*printed_one / *printed)) : kNothing);
  }
  return table(heading, {ours, theirs, of, verdict, faster, faster_by_hand, model, paper, paper_faster});
}

Curve curve(const std::vector<Point>& points, const Facts& facts, const std::string& program, const std::string& name,
            const std::vector<double>& nodes, const std::function<Estimate(const Point&)>& value) {
  Curve curve{name};
  for (const double count : nodes) {
    const Point* const point = find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", program));
    if (point != nullptr) curve.at.emplace_back(count, value(*point));
  }
  return curve;
}

Curve predicted(const Contest& contest, const std::vector<double>& nodes, double all = 1, bool per_second = false) {
  Curve curve{.name = "model of Gluster", .is_predicted = true};
  for (const double count : nodes) {
    const auto seconds = contest.predicted(count);
    const double value = !seconds ? 0 : per_second ? all / *seconds : *seconds;
    if (seconds) curve.at.push_back({count, {value, value, value}});
  }
  return curve;
}

// All that is known of one kernel at one size with as many threads a node, over links like those of one rate.
std::string product(const std::vector<Point>& points, const std::filesystem::path& directory, const Point& like) {
  const Facts facts = group_of(like, "products", kProductGroup);
  const auto n = like.facts.at("n").get<std::int64_t>();
  const bool is_serial = like.facts.at("node_threads") == 1;
  std::vector<double> nodes = values_of(points, "nodes", facts);
  for (const double printed : {1, 2, 8, 16})  // what the paper has stands there also where we have nothing
    if (paper::table2(n, static_cast<std::int64_t>(printed), !is_serial) && std::ranges::find(nodes, printed) == nodes.end())
      nodes.push_back(printed);
  std::ranges::sort(nodes);
  const Point* const alone = find(points, with(with(facts, "part", "alone"), "program", "matmul_openmp"));
  const auto way = way_of(points, like);
  const Contest contest{kGluster,
                        kByHand,
                        is_serial ? "MPI" : "MPI + OpenMP",
                        alone,
                        [&](double count) -> std::optional<double> {
                          if (alone == nullptr || !way) return std::nullopt;
                          return model::product_seconds(alone->seconds().median, n, static_cast<std::int64_t>(count), *way);
                        },
                        [&](double count) { return paper::table2(n, static_cast<std::int64_t>(count), !is_serial); }};
  const std::string what = fmt::format("{}{}, {} × {}, {} a node{}", n == 4096 ? is_serial ? "Figure 3: " : "Figure 4: " : "", like.text("kernel"), n,
                                       n, count(like.facts.at("node_threads").get<double>(), "thread"), at_rate(like));
  const std::string file = file_of(fmt::format("{}_{}", like.text("kernel"), n), like);
  const auto total = [](const Point& point) { return point.seconds(); };
  draw(directory / file, {what,
                          emulation_of(points, like),
                          "nodes",
                          "seconds (median, 95 % interval)",
                          {curve(points, facts, kGluster, "Gluster", nodes, total), curve(points, facts, kByHand, contest.their_name, nodes, total),
                           predicted(contest, nodes)}});
  std::string text = fmt::format("### {}\n\n{}.", what, emulation_of(points, like));
  if (alone != nullptr) text += fmt::format(" The kernel alone on such a node: {} s.", with_spread(alone->seconds()));
  const Point* const fastest =
      find(points, with(with(facts, "nodes", static_cast<std::int64_t>(values_of(points, "nodes", facts).back())), "program", kGluster));
  if (fastest != nullptr) text += doubt_of(like, steps_of(*fastest), fastest->seconds().median);
  text += "\n\n" + side_by_side(points, facts, contest, nodes);
  if (const Point* const library = find(points, with(facts, "program", "matmul_pdgemm")))
    text += fmt::format("ScaLAPACK's pdgemm, with distribution from the first node and gathering there, on {}: {} s; Gluster / pdgemm {}.\n\n",
                        count(library->facts.at("nodes").get<double>(), "node"), seconds(library),
                        ratio_text(find(points, with(with(facts, "nodes", library->facts.at("nodes")), "program", kGluster)), library));
  return text + fmt::format("![{}]({})\n\n", what, file);
}

std::string counting(const std::vector<Point>& points, const std::filesystem::path& directory, const Point& like) {
  const Facts facts = group_of(like, "words", kWordsGroup);
  const std::vector<double> nodes = values_of(points, "nodes", facts);
  const auto all = like.facts.at("words").get<double>();
  const auto at = [&](const char* program, double count) {
    return find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", program));
  };
  // Of the program by hand, since one rank of it does nothing but count: the model must not know Gluster's own curve. What it calls merging is waiting above all, so
  // that is of Gluster's on two nodes.
  const Point* const alone = at(kWordsByHand, 1);
  const Point* const two = at("gluster_words", 2);
  const auto way = way_of(points, like);
  const Contest contest{"gluster_words",
                        kWordsByHand,
                        "MPI + OpenMP",
                        alone,
                        [&](double count) -> std::optional<double> {
                          if (alone == nullptr || two == nullptr || !way) return std::nullopt;
                          return model::words_seconds(alone->seconds().median, like.facts.at("bytes").get<double>(), two->seconds("merge").median,
                                                      static_cast<std::int64_t>(count), *way);
                        },
                        [](double) { return std::nullopt; }};
  const std::string what = fmt::format("Figure 5: words, {} of the text, {} a node{}", copies_of(like),
                                       count(like.facts.at("node_threads").get<double>(), "thread"), at_rate(like));
  const std::string file = file_of("words_" + like.text("copies"), like);
  const auto a_second = [&](const Point& point) {
    const Estimate seconds = point.seconds();
    return Estimate{all / seconds.median, all / seconds.high, all / seconds.low};
  };
  draw(directory / file, {what,
                          emulation_of(points, like),
                          "nodes",
                          "words a second (median, 95 % interval)",
                          {curve(points, facts, contest.ours, "Gluster", nodes, a_second),
                           curve(points, facts, contest.theirs, contest.their_name, nodes, a_second), predicted(contest, nodes, all, true)}});
  Row heading{""}, rate{"Gluster, million words/s"}, rate_by_hand{"MPI + OpenMP, million words/s"}, counted{"Gluster: counting, with sending, s"},
      merged{"Gluster: merging, s"}, counted_by_hand{"MPI + OpenMP: counting, with sending, on rank 0, s"},
      merged_by_hand{"MPI + OpenMP: merging, with waiting for the others, s"}, cable{"the text over the first node's cable, s"};
  for (const double count : nodes) {
    heading.push_back(bench::count(count, "node"));
    const auto add = [&](const char* program, Row& words, Row& counting_row, Row& merging) {
      const Point* const point = at(program, count);
      words.push_back(point == nullptr ? kNothing : with_spread(a_second(*point), 1e6));
      counting_row.push_back(point == nullptr ? kNothing : digits(point->seconds("count").median));
      merging.push_back(point == nullptr ? kNothing : digits(point->seconds("merge").median));
    };
    add("gluster_words", rate, counted, merged);
    add(kWordsByHand, rate_by_hand, counted_by_hand, merged_by_hand);
    cable.push_back(!way || count == 1 ? kNothing : digits(like.facts.at("bytes").get<double>() * (1 - 1 / count) * way->second_byte));
  }
  std::string text = fmt::format("### {}\n\n{:.0f} words. {}.", what, all, emulation_of(points, like));
  const Point* const fastest = at("gluster_words", nodes.back());
  if (fastest != nullptr) text += doubt_of(like, steps_of(*fastest), fastest->seconds().median);
  return text + "\n\n" + side_by_side(points, facts, contest, nodes) +
         table(heading, {rate, rate_by_hand, counted, merged, counted_by_hand, merged_by_hand, cable}) + fmt::format("![{}]({})\n\n", what, file);
}

// One point of each group that differs in these facts, in the order of measuring.
std::vector<Point> one_of_each(const std::vector<Point>& points, const std::string& part, std::span<const char* const> facts) {
  std::vector<Point> some;
  const auto is_like = [&](const Point& a, const Point& b) {
    return std::ranges::all_of(facts, [&](const auto& fact) { return a.text(fact) == b.text(fact); });
  };
  for (const Point& point : points) {
    if (point.text("part") == part && std::ranges::none_of(some, [&](const Point& other) { return is_like(point, other); })) some.push_back(point);
  }
  return some;
}

}  // namespace

std::string table1(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& like : one_of_each(points, "table1", kTable1Group)) {
    Facts facts{{"part", "table1"}, {"kernel", like.facts.at("kernel")}, {"n", like.facts.at("n")}};
    const auto n = like.facts.at("n").get<std::int64_t>();
    const std::string kernel = like.text("kernel");
    const Point* const serial = find(points, with(facts, "mode", "serial"));
    const Point* const threads = find(points, with(facts, "mode", "threads"));
    const bool is_theirs = kernel == "multiply_naive_i64";
    rows.push_back({like.text("n"), kernel, seconds(serial), seconds(threads), threads == nullptr ? kNothing : threads->text("node_threads"),
                    ratio_text(serial, threads), elsewhere(is_theirs ? paper::table1(n, false) : std::nullopt),
                    elsewhere(is_theirs ? paper::table1(n, true) : std::nullopt)});
  }
  if (rows.empty()) return "Not measured.\n\n";
  for (const paper::OneMachine& theirs : paper::kTable1) {
    const bool is_there = find(points, {{"part", "table1"}, {"kernel", "multiply_naive_i64"}, {"n", theirs.n}}) != nullptr;
    if (!is_there)
      rows.push_back({std::to_string(theirs.n), "multiply_naive_i64", kNothing, kNothing, kNothing, kNothing, elsewhere(theirs.serial),
                      elsewhere(theirs.threads)});
  }
  return table({"n", "kernel", "serial, s", "OpenMP, s", "threads", "serial / OpenMP", "*the paper, serial, elsewhere, s*",
                "*the paper, goroutines on 14 cores, elsewhere, s*"},
               rows);
}

std::string products(const std::vector<Point>& points, const std::filesystem::path& directory) {
  std::string text;
  for (const Point& like : one_of_each(points, "products", kProductGroup)) text += product(points, directory, like);
  return text.empty() ? "Not measured.\n\n" : text;
}

std::string papers_table2() {
  std::vector<Row> rows;
  for (const std::int64_t n : {1024, 4096, 8192})
    for (const bool all_threads : {false, true}) {
      Row row{fmt::format("{}, {}", n, all_threads ? "all threads" : "one thread")};
      for (const std::int64_t nodes : {1, 2, 4, 8, 16}) row.push_back(elsewhere(paper::table2(n, nodes, all_threads)));
      rows.push_back(row);
    }
  return table({"*seconds, elsewhere*", "1 node", "2 nodes", "4 nodes", "8 nodes", "16 nodes"}, rows);
}

std::string words(const std::vector<Point>& points, const std::filesystem::path& directory) {
  std::string text;
  for (const Point& like : one_of_each(points, "words", kWordsGroup)) text += counting(points, directory, like);
  return text.empty() ? "Not measured.\n\n" : text;
}

std::string standing(const std::vector<Point>& points) {
  std::map<std::string, int> counts;
  std::vector<std::string> lost;
  for (const Point& ours : points) {
    const bool is_words = ours.text("part") == "words";
    if (ours.text("program") != (is_words ? "gluster_words" : kGluster) || (!is_words && ours.text("part") != "products")) continue;
    Facts other = ours.facts;
    for (const char* answer : {"threads", "ranks"}) other.erase(answer);
    const Point* const theirs = find(points, with(other, "program", is_words ? kWordsByHand : kByHand));
    const std::string verdict = win_or_tie(&ours, theirs);
    if (theirs == nullptr || ours.facts.at("nodes") == 1) continue;
    ++counts[verdict];
    if (is_in_doubt(&ours, theirs, steps_of(ours))) ++counts["in doubt"];
    if (verdict == kLoses)
      lost.push_back(fmt::format("{} on {}, {} a node{}", is_words ? copies_of(ours) : ours.text("kernel") + " " + ours.text("n"),
                                 count(ours.facts.at("nodes").get<double>(), "node"), count(ours.facts.at("node_threads").get<double>(), "thread"),
                                 at_rate(ours)));
  }
  if (counts.empty()) return "";
  std::string text = fmt::format(
      "**On two nodes and more, Gluster against MPI or MPI + OpenMP**: it wins at {} points, ties at {}, loses at {}; at {} the spread does not tell",
      counts["wins"], counts["ties"], counts[kLoses], counts["unclear"]);
  if (counts["too few rounds"] > 0) text += fmt::format(", at {} there are too few rounds", counts["too few rounds"]);
  if (counts["in doubt"] > 0)
    text += fmt::format(
        ". At {} of all of these the difference is less than what turns may add to either (*in doubt*); a rank of MPI's spins while it waits, so "
        "they add more to MPI",
        counts["in doubt"]);
  return text + (lost.empty() ? "" : fmt::format(". It loses at: {}", fmt::join(lost, "; "))) +
         ". *Wins*: the interval of the ratio is below 1; *loses*: it is above 1, or the median is above 1.02; *unclear*: it is wide and holds 1; "
         "*ties*: all else.\n\n";
}

}  // namespace bench
