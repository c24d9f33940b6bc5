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

std::string verdict(const Figure& figure, const Estimate& value, const Estimate& ratio) {
  if (!figure.budget) return "-";
  return keeps(*figure.budget, figure.budget->of == Budget::Of::kRatio ? ratio : value) ? "ok" : "SHORT";
}

std::string text_of(const std::optional<Budget>& budget, const std::string& unit) {
  if (!budget) return "-";
  const bool is_ratio = budget->of == Budget::Of::kRatio;
  return fmt::format("{} {:.4g}{}{}", budget->is == Budget::Is::kAtLeast ? "≥" : "≤", budget->limit, is_ratio ? " ×" : " ", is_ratio ? "" : unit);
}

// As many values, drawn from these with putting back; always the same ones.
class Resampling {
 public:
  explicit Resampling(const std::vector<double>& values, unsigned seed = 95)
      : values_(values), generator_(seed), any_(0, values.size() - 1), drawn_(values.size()) {}
  double median() {
    std::ranges::generate(drawn_, [&] { return values_[any_(generator_)]; });
    return bench::median(drawn_);
  }

 private:
  const std::vector<double>& values_;
  std::mt19937_64 generator_;
  std::uniform_int_distribution<std::size_t> any_;
  std::vector<double> drawn_;
};

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

Estimate estimate(const std::vector<double>& values) {
  if (values.empty()) return {std::nan(""), std::nan(""), std::nan("")};
  Resampling of(values);
  return interval(median(values), [&] { return of.median(); });
}

Estimate ratio_of_medians(const std::vector<double>& values, const std::vector<double>& baseline) {
  if (values.empty() || baseline.empty()) return {std::nan(""), std::nan(""), std::nan("")};
  Resampling of(values, 95);
  Resampling to(baseline, 59);
  return interval(median(values) / median(baseline), [&] { return of.median() / to.median(); });
}

Report::Report(const std::string& file) {
  if (file.empty()) return;
  file_ = std::fopen(file.c_str(), "a");
  if (file_ == nullptr) throw std::runtime_error(fmt::format("{} cannot be written", file));
}

Report::~Report() {
  if (file_ != nullptr) std::fclose(file_);
}

void Report::add(const Figure& figure) {
  const Estimate value = estimate(figure.values);
  const Estimate baseline = estimate(figure.baseline);
  const Estimate ratio = estimate(ratios(figure));
  const bool is_compared = !figure.baseline.empty();
  const std::string told = verdict(figure, value, ratio);
  fmt::print("{:<46} {:>10} {:<7} {:>10} {:>8}  {:<12} {}\n", figure.name, number(value.median), figure.unit,
             is_compared ? number(baseline.median) : "-", is_compared ? fmt::format("{:.3f}", ratio.median) : "-",
             text_of(figure.budget, figure.unit), told);
  std::fflush(stdout);
  if (file_ == nullptr) return;
  fmt::print(file_, R"({{"name": "{}", "unit": "{}", "value": {}, "baseline": {}, "ratio": {}, "budget": {}, "verdict": "{}", )", figure.name,
             figure.unit, json(value), is_compared ? json(baseline) : "null", is_compared ? json(ratio) : "null", json(figure.budget), told);
  fmt::print(file_, "\"note\": \"{}\", \"values\": {}, \"baselines\": {}}}\n", figure.note, json(figure.values), json(figure.baseline));
  std::fflush(file_);
}

}  // namespace bench
