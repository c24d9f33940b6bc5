#include "results/curves.hpp"

#include <algorithm>
#include <functional>

#include "results/markdown.hpp"
#include "results/model.hpp"
#include "results/paper.hpp"
#include "results/plots.hpp"

namespace bench {
namespace {

constexpr const char* kGluster = "gluster_from_vectors";
constexpr const char* kByHand = "matmul_mpi_openmp";

// "1gbit" for a person.
std::string rate_of(const Point& point) {
  std::string rate = point.text("rate");
  return rate.ends_with("gbit") ? rate.replace(rate.size() - 4, 4, " Gbit/s") : rate;
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
  std::function<std::optional<double>(double nodes)> predicted;  // seconds
  std::function<std::optional<double>(double nodes)> printed;    // by the paper
};

std::string side_by_side(const std::vector<Point>& points, const Facts& facts, const Contest& contest, const std::vector<double>& nodes) {
  Row heading{""};
  Row ours{"Gluster, s"}, theirs{contest.their_name + ", s"}, of{"Gluster / " + contest.their_name},
      faster{"Gluster, times as fast as on its fewest"}, model{"model of Gluster, s (error)"}, paper{"*the paper's library, elsewhere, s*"};
  double first = 0;
  for (const double count : nodes) {
    const Point* const a = find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", contest.ours));
    const Point* const b = find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", contest.theirs));
    heading.push_back(bench::count(count, "node"));
    ours.push_back(seconds(a));
    theirs.push_back(seconds(b));
    of.push_back(ratio_text(a, b));
    if (a != nullptr && first == 0) first = a->seconds().median;
    faster.push_back(a == nullptr ? kNothing : digits(first / a->seconds().median));
    const auto predicted = contest.predicted(count);
    model.push_back(!predicted || a == nullptr ? kNothing
                                               : fmt::format("{} ({:+.0f} %)", digits(*predicted), (*predicted / a->seconds().median - 1) * 100));
    paper.push_back(elsewhere(contest.printed(count)));
  }
  return table(heading, {ours, theirs, of, faster, model, paper});
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
  Facts facts{{"part", "products"}};
  for (const char* fact : {"kernel", "n", "node_threads", "rate"}) facts[fact] = like.facts.at(fact);
  const std::vector<double> nodes = values_of(points, "nodes", facts);
  const auto n = like.facts.at("n").get<std::int64_t>();
  const bool is_serial = like.facts.at("node_threads") == 1;
  const Point* const alone = find(points, with(with(facts, "part", "alone"), "program", "matmul_openmp"));
  const auto way = way_of(points, like);
  const Contest contest{kGluster, kByHand, is_serial ? "MPI" : "MPI + OpenMP",
                        [&](double count) -> std::optional<double> {
                          if (alone == nullptr || !way) return std::nullopt;
                          return model::product_seconds(alone->seconds().median, n, static_cast<std::int64_t>(count), *way);
                        },
                        [&](double count) { return paper::table2(n, static_cast<std::int64_t>(count), !is_serial); }};
  const std::string what = fmt::format("{}, {} × {}, {} a node, R = {}", like.text("kernel"), n, n,
                                       count(like.facts.at("node_threads").get<double>(), "thread"), rate_of(like));
  const std::string file = fmt::format("{}_{}_{}_threads_{}.svg", like.text("kernel"), n, like.text("node_threads"), like.text("rate"));
  const auto total = [](const Point& point) { return point.seconds(); };
  draw(directory / file, {what,
                          emulation_of(like),
                          "nodes",
                          "seconds (median, 95 % interval)",
                          {curve(points, facts, kGluster, "Gluster", nodes, total), curve(points, facts, kByHand, contest.their_name, nodes, total),
                           predicted(contest, nodes)}});
  std::string text = fmt::format("### {}\n\n{}.", what, emulation_of(like));
  if (alone != nullptr) text += fmt::format(" The kernel alone on such a node: {} s.", with_spread(alone->seconds()));
  return text + "\n\n" + side_by_side(points, facts, contest, nodes) + fmt::format("![{}]({})\n\n", what, file);
}

std::string counting(const std::vector<Point>& points, const std::filesystem::path& directory, const Point& like) {
  Facts facts{{"part", "words"}};
  for (const char* fact : {"copies", "node_threads", "rate"}) facts[fact] = like.facts.at(fact);
  const std::vector<double> nodes = values_of(points, "nodes", facts);
  const auto all = like.facts.at("words").get<double>();
  const auto at = [&](const char* program, double count) {
    return find(points, with(with(facts, "nodes", static_cast<std::int64_t>(count)), "program", program));
  };
  const Point* const alone = at("gluster_words", 1);
  const Point* const two = at("gluster_words", 2);
  const auto way = way_of(points, like);
  const Contest contest{"gluster_words", "word_count_mpi_openmp", "MPI + OpenMP",
                        [&](double count) -> std::optional<double> {
                          if (alone == nullptr || two == nullptr || !way) return std::nullopt;
                          return model::words_seconds(alone->seconds().median, like.facts.at("bytes").get<double>(), two->seconds("merge").median,
                                                      static_cast<std::int64_t>(count), *way);
                        },
                        [](double) { return std::nullopt; }};
  const std::string what =
      fmt::format("Words, {} of the text, {} a node, R = {}", like.facts.at("copies") == 1 ? "1 copy" : like.text("copies") + " copies",
                  count(like.facts.at("node_threads").get<double>(), "thread"), rate_of(like));
  const std::string file = fmt::format("words_{}_{}_threads_{}.svg", like.text("copies"), like.text("node_threads"), like.text("rate"));
  const auto a_second = [&](const Point& point) {
    const Estimate seconds = point.seconds();
    return Estimate{all / seconds.median, all / seconds.high, all / seconds.low};
  };
  draw(directory / file, {what,
                          emulation_of(like),
                          "nodes",
                          "words a second (median, 95 % interval)",
                          {curve(points, facts, contest.ours, "Gluster", nodes, a_second),
                           curve(points, facts, contest.theirs, contest.their_name, nodes, a_second), predicted(contest, nodes, all, true)}});
  Row heading{""}, rate{"Gluster, million words/s"}, counted{"of it counting, with sending, s"}, merged{"of it merging, s"};
  for (const double count : nodes) {
    const Point* const point = at("gluster_words", count);
    heading.push_back(bench::count(count, "node"));
    rate.push_back(point == nullptr ? kNothing : with_spread(a_second(*point), 1e6));
    counted.push_back(point == nullptr ? kNothing : digits(point->seconds("count").median));
    merged.push_back(point == nullptr ? kNothing : digits(point->seconds("merge").median));
  }
  return fmt::format("### {}\n\n{:.0f} words. {}.\n\n", what, all, emulation_of(like)) + side_by_side(points, facts, contest, nodes) +
         table(heading, {rate, counted, merged}) + fmt::format("![{}]({})\n\n", what, file);
}

// One point of each group that differs in these facts, in the order of measuring.
std::vector<Point> one_of_each(const std::vector<Point>& points, const std::string& part, const std::vector<std::string>& facts) {
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

std::string emulation_of(const Point& point) {
  if (point.text("cpu") == "all") return fmt::format("Nodes: {}", point.text("link"));
  return fmt::format("Emulated: a node is a virtual host with {} % of a core, in turns of 1 ms, behind a cable of {}", point.text("cpu"),
                     point.text("link"));
}

std::string table1(const std::vector<Point>& points) {
  std::vector<Row> rows;
  for (const Point& like : one_of_each(points, "table1", {"kernel", "n"})) {
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
  return table({"n", "kernel", "serial, s", "OpenMP, s", "threads", "serial / OpenMP", "*the paper, serial, elsewhere, s*",
                "*the paper, goroutines on 14 cores, elsewhere, s*"},
               rows);
}

std::string products(const std::vector<Point>& points, const std::filesystem::path& directory) {
  std::string text;
  for (const Point& like : one_of_each(points, "products", {"kernel", "n", "node_threads", "rate"})) text += product(points, directory, like);
  return text.empty() ? "Not measured.\n\n" : text;
}

std::string words(const std::vector<Point>& points, const std::filesystem::path& directory) {
  std::string text;
  for (const Point& like : one_of_each(points, "words", {"copies", "node_threads", "rate"})) text += counting(points, directory, like);
  return text.empty() ? "Not measured.\n\n" : text;
}

}  // namespace bench
