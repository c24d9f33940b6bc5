#include <gluster/plugin.hpp>

#include <cstdint>
#include <numeric>
#include <span>

std::int64_t steps(std::int64_t n) {
  std::int64_t count = 0;
  for (; n > 1; ++count) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return count;
}

double mean(std::span<const std::int64_t> x) { return std::reduce(x.begin(), x.end(), 0.0) / std::ssize(x); }

GLUSTER_EXPORT(steps)
GLUSTER_DOC(steps, "How many of Collatz's steps lead from n to 1.", "n")
GLUSTER_EXPORT(mean)
