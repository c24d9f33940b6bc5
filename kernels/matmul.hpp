// What matmul.cpp and matmul_blas.cpp compute, without Gluster: a hand-written MPI program links the same compiled object, so that a
// comparison compares the way the data went and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

/// Rows of C = A·B: a is rows × n, b is n × n, c is rows × n; all row-major and dense, and c overlaps neither.
/// c is written, never read, so it need not be filled. Runs on OpenMP's threads. Throws std::bad_alloc.
void multiply_into(double* c, const double* a, const double* b, std::int64_t rows, std::int64_t n);

/// The same by OpenBLAS; inside matmul_blas.cpp. Throws std::runtime_error where there is none.
void multiply_blas_into(double* c, const double* a, const double* b, std::int64_t rows, std::int64_t n);

/// The same by the paper's plain triple loop, rows shared among OpenMP's threads. T is double or std::int64_t.
template <class T>
void multiply_naive_into(T* c, const T* a, const T* b, std::int64_t rows, std::int64_t n);

/// How many rows A has, from numbers of elements; std::invalid_argument when the three cannot belong together.
inline std::int64_t rows_of(std::size_t a_size, std::size_t b_size, std::int64_t n) {
  const auto refuse = [](const std::string& why) { throw std::invalid_argument("matrix product: " + why); };
  if (n < 1) refuse("n is " + std::to_string(n) + ", it must be at least 1");
  const auto columns = static_cast<std::size_t>(n);
  // Not b_size != n * n: that product wraps for a wild n.
  if (b_size % columns != 0 || b_size / columns != columns) {
    refuse("B has " + std::to_string(b_size) + " elements, not n * n with n = " + std::to_string(n));
  }
  if (a_size % columns != 0) {
    refuse("A has " + std::to_string(a_size) + " elements, not whole rows of n = " + std::to_string(n));
  }
  return static_cast<std::int64_t>(a_size / columns);
}

/// The same where C has its place already.
inline std::int64_t rows_of(std::size_t a_size, std::size_t b_size, std::size_t c_size, std::int64_t n) {
  const std::int64_t rows = rows_of(a_size, b_size, n);
  if (c_size == a_size) return rows;
  throw std::invalid_argument("matrix product: C has " + std::to_string(c_size) + " elements, A " + std::to_string(a_size));
}
