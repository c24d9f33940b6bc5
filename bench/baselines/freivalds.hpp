// Is C = A·B? Told in O(n²), independently of whatever computed C. (Freivalds, "Probabilistic machines can use less
// running time", 1977: for a random vector r, A·(B·r) and C·r agree only if C is right.)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

namespace baselines {

/// Elements of either sign and of size 1/2 to 1: none hides its column's error by being small.
inline std::vector<double> random_vector(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> magnitude(0.5, 1.0);
  std::vector<double> vector(size);
  for (double& element : vector) element = (generator() & 1) != 0 ? magnitude(generator) : -magnitude(generator);
  return vector;
}

/// The largest |A·(B·r) - C·r| over C's rows, each relative to the size of what was summed up, |A|·|B|·|r|; infinite
/// where C has a NaN. a and c are rows × n, b is n × n, row-major; std::invalid_argument when they are not. C is right
/// when the residual is at most rounding_error(n). One seed finds any wrong row but by a coincidence of rounding.
inline double largest_relative_residual(std::span<const double> a, std::span<const double> b, std::span<const double> c, std::int64_t n,
                                        std::uint64_t seed) {
  const auto columns = static_cast<std::size_t>(n);
  if (n < 1 || b.size() != columns * columns || a.size() % columns != 0 || c.size() != a.size()) {
    throw std::invalid_argument("Freivalds' check: the sizes of A, B and C do not belong together");
  }
  const std::vector<double> r = random_vector(columns, seed);
  std::vector<double> b_r(columns);
  std::vector<double> size_of_b_r(columns);
  for (std::size_t k = 0; k < columns; ++k) {
    for (std::size_t j = 0; j < columns; ++j) {
      b_r[k] += b[k * columns + j] * r[j];
      size_of_b_r[k] += std::abs(b[k * columns + j] * r[j]);
    }
  }
  double largest = 0;
  for (std::size_t row = 0; row < a.size(); row += columns) {
    double difference = 0;
    double size = 0;
    for (std::size_t k = 0; k < columns; ++k) {
      difference += a[row + k] * b_r[k] - c[row + k] * r[k];
      size += std::abs(a[row + k]) * size_of_b_r[k];
    }
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    if (difference != 0) largest = std::max(largest, std::abs(difference) / size);
  }
  return largest;
}

/// The same for 64-bit integers, whose sums may wrap: 0 where C is right, else infinite.
inline double largest_relative_residual(std::span<const std::int64_t> a, std::span<const std::int64_t> b, std::span<const std::int64_t> c,
                                        std::int64_t n, std::uint64_t seed) {
  const auto columns = static_cast<std::size_t>(n);
  if (n < 1 || b.size() != columns * columns || a.size() % columns != 0 || c.size() != a.size()) {
    throw std::invalid_argument("Freivalds' check: the sizes of A, B and C do not belong together");
  }
  std::mt19937_64 generator(seed);
  std::vector<std::uint64_t> r(columns);
  std::ranges::generate(r, [&] { return generator() | 1; });
  std::vector<std::uint64_t> b_r(columns);
  for (std::size_t k = 0; k < columns; ++k) {
    for (std::size_t j = 0; j < columns; ++j) b_r[k] += static_cast<std::uint64_t>(b[k * columns + j]) * r[j];
  }
  for (std::size_t row = 0; row < a.size(); row += columns) {
    std::uint64_t difference = 0;
    for (std::size_t k = 0; k < columns; ++k) {
      difference += static_cast<std::uint64_t>(a[row + k]) * b_r[k] - static_cast<std::uint64_t>(c[row + k]) * r[k];
    }
    if (difference != 0) return std::numeric_limits<double>::infinity();
  }
  return 0;
}

/// What rounding alone can bring about in the sums of products of length n, on both sides of the comparison.
inline double rounding_error(std::int64_t n) { return 4 * static_cast<double>(n) * std::numeric_limits<double>::epsilon(); }

}  // namespace baselines
