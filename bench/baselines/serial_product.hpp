// The reference: C = A·B as the definition says it, by one thread. For tests of small and odd sizes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace baselines {

/// a is rows × n, b is n × n, both row-major; n at least 1. The sums run over k in order, as in the plain triple loop.
template <class T>
std::vector<T> serial_product(std::span<const T> a, std::span<const T> b, std::size_t n) {
  std::vector<T> c(a.size());
  for (std::size_t row = 0; row < a.size(); row += n) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t j = 0; j < n; ++j) c[row + j] += a[row + k] * b[k * n + j];
    }
  }
  return c;
}

}  // namespace baselines
