// Arithmetic small enough to be checked by eye.
#include <gluster/plugin.hpp>

#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

std::vector<std::int64_t> squares(std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i * i);
  return values;
}

std::tuple<std::int64_t, std::int64_t> divide(std::int64_t a, std::int64_t b) { return {a / b, a % b}; }

void nothing() {}

// Has a namesake in gate.cpp.
std::string who() { return "numbers"; }

GLUSTER_EXPORT(add)
GLUSTER_EXPORT(sum)
GLUSTER_EXPORT(squares)
GLUSTER_EXPORT(divide)
GLUSTER_EXPORT(nothing)
GLUSTER_EXPORT(who)
