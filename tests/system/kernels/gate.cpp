// A kernel that stays inside as long as a test wants it to.
#include <gluster/plugin.hpp>

#include <unistd.h>

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

// Says that it is inside by a file beside `gate`, waits until `gate` is there, or the directory it would lie in is not, and
// returns its process.
std::int64_t passes(const std::string& gate) {
  static int count = 0;
  std::filesystem::path file = gate;
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  std::ofstream(file.parent_path() / ("inside-" + std::string(host) + "-" + std::to_string(getpid()) + "-" + std::to_string(count++)));
  auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!std::filesystem::exists(file) && std::filesystem::exists(file.parent_path())) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nobody opened " + gate);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return getpid();
}

// The same, with something in hand.
std::vector<double> carries(const std::string& gate, std::vector<double> values) {
  passes(gate);
  return values;
}

double sums(const std::string& gate, std::span<const double> values) {
  passes(gate);
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Has a namesake in numbers.cpp.
std::string who() { return "gate"; }

GLUSTER_EXPORT(passes)
GLUSTER_DOC(passes, "Waits for a file.", "gate")
GLUSTER_EXPORT(carries)
GLUSTER_EXPORT(sums)
GLUSTER_EXPORT(who)
