#include "results/plots.hpp"

#include <cstdio>
#include <stdexcept>

#include <fmt/format.h>

namespace bench {
namespace {

// Without gnuplot's own escapes: an underscore is an underscore.
std::string quoted(const std::string& text) {
  std::string in = "\"";
  for (const char c : text) in += c == '"' ? '\'' : c;
  return in + '"';
}

// Lines of about as many letters as there is room for above a plot.
std::string wrapped(std::string text) {
  constexpr std::size_t kLetters = 90;
  for (std::size_t at = kLetters; at < text.size(); at += kLetters) {
    at = text.rfind(' ', at);
    if (at == std::string::npos) break;
    text.replace(at, 1, "\\n");
  }
  return text;
}

std::string data_of(const Curve& curve) {
  std::string lines;
  for (const auto& [x, y] : curve.at) lines += fmt::format("{:.9g} {:.9g} {:.9g} {:.9g}\n", x, y.median, y.low, y.high);
  return lines + "e\n";
}

std::string script_for(const std::filesystem::path& file, const Plot& plot) {
  std::string script =
      fmt::format("set terminal svg size 800,500 noenhanced background 'white' font 'sans,13'\nset output {}\n", quoted(file.string()));
  script += fmt::format("set title {} noenhanced font 'sans,11'\nset xlabel {}\nset ylabel {}\n", quoted(plot.title + "\\n" + wrapped(plot.emulated)),
                        quoted(plot.x), quoted(plot.y));
  script += "set logscale x 2\nset logscale y 10\nset grid\nset key outside right top\nset style fill transparent solid 0.2\nplot ";
  const char* separator = "";
  for (const Curve& curve : plot.curves) {
    if (curve.at.empty()) continue;
    script += fmt::format("{}'-' using 1:2{} with {} title {}", separator, curve.is_predicted ? "" : ":3:4",
                          curve.is_predicted ? "lines dashtype 2 linewidth 1.5" : "yerrorlines pointtype 7 linewidth 1.5", quoted(curve.name));
    separator = ", ";
  }
  script += '\n';
  for (const Curve& curve : plot.curves)
    if (!curve.at.empty()) script += data_of(curve);
  return script;
}

}  // namespace

void draw(const std::filesystem::path& file, const Plot& plot) {
  const std::string script = script_for(file, plot);
  std::FILE* const gnuplot = ::popen("gnuplot", "w");
  if (gnuplot == nullptr) throw std::runtime_error("gnuplot cannot be started");
  std::fputs(script.c_str(), gnuplot);
  if (::pclose(gnuplot) != 0) throw std::runtime_error(fmt::format("gnuplot has not drawn {}", file.string()));
}

}  // namespace bench
