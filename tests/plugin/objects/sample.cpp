#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gluster/plugin.hpp>

std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }
double total(std::span<const double> x) { return std::accumulate(x.begin(), x.end(), 0.0); }
std::vector<double> twice(std::vector<double> x) {
  for (double& one : x) one *= 2;
  return x;
}
void fail(const std::string& message) { throw std::out_of_range(message); }

GLUSTER_EXPORT(total)
GLUSTER_EXPORT(add)
GLUSTER_EXPORT(twice)
GLUSTER_EXPORT(fail)
GLUSTER_DOC(add, "a + b.", "a", "b")
