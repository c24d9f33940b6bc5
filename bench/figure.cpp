#include "figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

namespace bench {
namespace {

constexpr int kResamples = 2000;
constexpr double kTie = 0.02;
constexpr double kWidest = 0.25;

std::vector<double> ratios(const Figure& figure) {
  std::vector<double> ratios;
  for (std::size_t at = 0; at < std::min(figure.values.size(), figure.baseline.size()); ++at) {
    ratios.push_back(figure.values[at] / figure.baseline[at]);
  }
  return ratios;
}

bool keeps(const Budget& budget, const Estimate& judged) {
  switch (budget.is) {
    case Budget::Is::kAtMost: return judged.median <= budget.limit;
    case Budget::Is::kAtLeast: return judged.median >= budget.limit;
    case Budget::Is::kTies: return judged.low <= budget.limit && judged.median <= budget.limit + kTie;
  }
  return false;
}

// Whatever the true value is, as far as the interval tells.
bool is_all_within(const Budget& budget, const Estimate& judged) {
  return budget.is == Budget::Is::kAtLeast ? judged.low >= budget.limit : judged.high <= budget.limit;
}
bool is_all_beyond(const Budget& budget, const Estimate& judged) {
  return budget.is == Budget::Is::kAtLeast ? judged.high < budget.limit : judged.low > budget.limit;
}

// Of a wide interval the median says nothing.
std::string verdict(const Figure& figure, const Estimate& value, const Estimate& ratio) {
  if (!figure.budget) return "-";
  const Budget& budget = *figure.budget;
  const Estimate& judged = budget.of == Budget::Of::kRatio ? ratio : value;
  if (budget.of == Budget::Of::kValue || !is_wide(ratio)) return keeps(budget, judged) ? "ok" : "SHORT";
  if (is_all_within(budget, judged)) return "ok";
  if (is_all_beyond(budget, judged)) return "SHORT";
  return fmt::format("unclear: {:.2f} to {:.2f}", judged.low, judged.high);
}

std::string text_of(const std::optional<Budget>& budget, const std::string& unit) {
  if (!budget) return "-";
  const bool is_ratio = budget->of == Budget::Of::kRatio;
  return fmt::format("{} {:.4g}{}{}", budget->is == Budget::Is::kAtLeast ? "≥" : "≤", budget->limit, is_ratio ? " ×" : " ", is_ratio ? "" : unit);
}

// As many values, drawn from these with putting back: starts first, and then in each its rounds. Always the same ones.
class Resampling {
 public:
  explicit Resampling(const Starts& starts, unsigned seed = 95) : starts_(starts), generator_(seed) {}
  double median() {
    drawn_.clear();
    for (std::size_t start = 0; start < starts_.size(); ++start) {
      const auto& rounds = starts_[below(starts_.size())];
      for (std::size_t round = 0; round < rounds.size(); ++round) drawn_.push_back(rounds[below(rounds.size())]);
    }
    return bench::median(drawn_);
  }

 private:
  std::size_t below(std::size_t size) { return std::uniform_int_distribution<std::size_t>(0, size - 1)(generator_); }

  const Starts& starts_;
  std::mt19937_64 generator_;
  std::vector<double> drawn_;
};

std::vector<double> all_of(const Starts& starts) {
  std::vector<double> all;
  for (const auto& rounds : starts) all.insert(all.end(), rounds.begin(), rounds.end());
  return all;
}

Starts by_start(const std::vector<double>& values, std::size_t rounds) {
  if (rounds == 0) return {values};
  Starts starts;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (at % rounds == 0) starts.emplace_back();
    starts.back().push_back(values[at]);
  }
  return starts;
}

// 95 % of what `resampled` gives.
template <class Resampled>
Estimate interval(double median, const Resampled& resampled) {
  std::vector<double> all(kResamples);
  std::ranges::generate(all, resampled);
  std::ranges::sort(all);
  return {median, all[kResamples / 40], all[kResamples - 1 - kResamples / 40]};
}

// Four digits that count, and no exponent.
std::string number(double value) {
  const int digits = value == 0 ? 0 : 3 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fmt::format("{:.{}f}", value, std::clamp(digits, 0, 6));
}

std::string json(const std::vector<double>& values) { return fmt::format("[{:.9g}]", fmt::join(values, ", ")); }

std::string json(const Estimate& of) { return fmt::format(R"({{"median": {:.9g}, "low": {:.9g}, "high": {:.9g}}})", of.median, of.low, of.high); }

std::string json(const std::optional<Budget>& budget) {
  if (!budget) return "null";
  constexpr const char* words[] = {"at_most", "at_least", "ties"};
  return fmt::format(R"({{"of": "{}", "{}": {:.9g}}})", budget->of == Budget::Of::kRatio ? "ratio" : "value", words[static_cast<int>(budget->is)],
                     budget->limit);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Estimate estimate(const Starts& starts) {
  const std::vector<double> all = all_of(starts);
  if (all.empty()) return {std::nan(""), std::nan(""), std::nan("")};
  Resampling of(starts);
  return interval(median(all), [&] { return of.median(); });
}

Estimate estimate(const std::vector<double>& values) { return estimate(Starts{values}); }

Estimate ratio_of_medians(const Starts& values, const Starts& baseline) {
  const double ratio = median(all_of(values)) / median(all_of(baseline));
  if (std::isnan(ratio)) return {ratio, ratio, ratio};
  Resampling of(values, 95);
  Resampling to(baseline, 59);
  return interval(ratio, [&] { return of.median() / to.median(); });
}

bool is_wide(const Estimate& of) { return of.high - of.low > kWidest * of.median; }

Report::Report(const std::string& file) {
  if (file.empty()) return;
  file_ = std::fopen(file.c_str(), "a");
  if (file_ == nullptr) throw std::runtime_error(fmt::format("{} cannot be written", file));
}

Report::~Report() {
  if (file_ != nullptr) std::fclose(file_);
}

void Report::add(const Figure& figure) {
  const Starts values = by_start(figure.values, figure.rounds_a_start);
  const Starts baselines = by_start(figure.baseline, figure.rounds_a_start);
  const Estimate value = estimate(values);
  const Estimate baseline = estimate(baselines);
  const Estimate ratio = figure.rounds_a_start == 0 ? estimate(ratios(figure)) : ratio_of_medians(values, baselines);
  const bool is_compared = !figure.baseline.empty();
  const std::string told = verdict(figure, value, ratio);
  fmt::print("{:<46} {:>10} {:<7} {:>10} {:>8}  {:<12} {}\n", figure.name, number(value.median), figure.unit,
             is_compared ? number(baseline.median) : "-",
             !is_compared     ? "-"
             : is_wide(ratio) ? "wide"
                              : fmt::format("{:.3f}", ratio.median),
             text_of(figure.budget, figure.unit), told);
  std::fflush(stdout);
  if (file_ == nullptr) return;
  fmt::print(file_, R"({{"name": "{}", "unit": "{}", "value": {}, "baseline": {}, "ratio": {}, "budget": {}, "verdict": "{}", )", figure.name,
             figure.unit, json(value), is_compared ? json(baseline) : "null", is_compared ? json(ratio) : "null", json(figure.budget), told);
  fmt::print(file_, "\"note\": \"{}\", \"values\": {}, \"baselines\": {}}}\n", figure.note, json(figure.values), json(figure.baseline));
  std::fflush(file_);
}

}  // namespace bench
