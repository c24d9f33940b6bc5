#include "demo_workers.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace demo {
namespace {

// `rank 1`, `ranks 1, 3-5`
std::string ranks_text(const std::set<int>& ranks) {
  std::vector<std::string> runs;
  for (auto at = ranks.begin(); at != ranks.end();) {
    const int first = *at;
    int last = first;
    while (++at != ranks.end() && *at == last + 1) last = *at;
    runs.push_back(first == last ? fmt::to_string(first) : fmt::format("{}-{}", first, last));
  }
  return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", fmt::join(runs, ", "));
}

}  // namespace

std::vector<int> threads_of(const gluster::Cluster& cluster) {
  std::vector<int> threads;
  for (const auto& runner : cluster.runners()) threads.push_back(runner.threads);
  return threads;
}

std::string workers_text(const std::vector<int>& threads) {
  const auto [least, most] = std::ranges::minmax(threads);
  return least == most ? fmt::format("{} x {}", threads.size(), least) : fmt::format("{} x {}-{}", threads.size(), least, most);
}

double KernelTime::longest() const {
  double longest = 0;
  for (const auto& [rank, seconds] : seconds_) longest = std::max(longest, seconds);
  return longest;
}

std::string Places::text() const {
  std::set<int> all;
  std::vector<std::string> hosts;
  for (const auto& [host, ranks] : ranks_) {
    hosts.push_back(fmt::format("{}, {}", host, ranks_text(ranks)));
    all.insert(ranks.begin(), ranks.end());
  }
  return hosts.size() <= 2 ? fmt::format("{}", fmt::join(hosts, "; ")) : fmt::format("{} hosts, {}", hosts.size(), ranks_text(all));
}

}  // namespace demo
