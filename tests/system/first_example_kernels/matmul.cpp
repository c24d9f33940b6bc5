#include <gluster/plugin.hpp>

/// Rows of C = A·B; row-major, n columns.
std::vector<double> multiply(std::span<const double> a, std::span<const double> b, std::int64_t n) {
  std::vector<double> c(a.size());
#pragma omp parallel for
  for (std::int64_t i = 0; i < std::ssize(a) / n; ++i)
    for (std::int64_t k = 0; k < n; ++k)
      for (std::int64_t j = 0; j < n; ++j) c[i * n + j] += a[i * n + k] * b[k * n + j];
  return c;
}

GLUSTER_EXPORT(multiply)
