// Kernels that read shared data, and write outputs.
#include <gluster/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

double total(std::span<const double> x) { return std::accumulate(x.begin(), x.end(), 0.0); }
double total_copied(const std::vector<double>& x) { return total(x); }
std::int64_t letters(std::string_view text, char letter) { return std::count(text.begin(), text.end(), letter); }
double at(std::int64_t index, std::span<const double> x) { return x[static_cast<std::size_t>(index)]; }
// Says so in GATE.inside, waits until GATE is there (or cannot come any more), and writes the total to GATE.total.
void total_behind(const std::string& gate, std::span<const double> x) {
  std::ofstream(gate + ".inside").flush();
  while (!std::filesystem::exists(gate) && std::filesystem::exists(gate + ".inside")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::ofstream(gate + ".new") << total(x);
  std::error_code gone;
  std::filesystem::rename(gate + ".new", gate + ".total", gone);
}
// Where the kernel reads it: the same for two calls at one rank when it is read in place.
std::uint64_t address(std::span<const double> x) { return reinterpret_cast<std::uintptr_t>(x.data()); }

void fill(std::span<double> out, double value) { std::fill(out.begin(), out.end(), value); }
void split(std::span<std::int64_t> even, std::span<std::int64_t> odd, std::span<const std::int64_t> from) {
  for (std::size_t i = 0; i < from.size(); ++i) (i % 2 == 0 ? even : odd)[i / 2] = from[i];
}
void own_addresses(std::span<std::uint64_t> out) {
  for (std::uint64_t& element : out) element = reinterpret_cast<std::uintptr_t>(&element);
}
void fill_and_throw(std::span<double> out) {
  std::fill(out.begin(), out.end(), -1.0);
  throw std::runtime_error("half way");
}

GLUSTER_EXPORT(total)
GLUSTER_EXPORT(total_copied)
GLUSTER_EXPORT(total_behind)
GLUSTER_EXPORT(letters)
GLUSTER_EXPORT(at)
GLUSTER_EXPORT(address)
GLUSTER_EXPORT(fill)
GLUSTER_EXPORT(split)
GLUSTER_EXPORT(own_addresses)
GLUSTER_EXPORT(fill_and_throw)
