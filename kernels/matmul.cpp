// Rows of C = A·B, the plain way and the fast way. The fast way is GotoBLAS's (Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", 2008), in loops from the outside in:
//
//   panel   kPanelColumns columns of B and C
//   step    kDepth rows of that panel, packed once by all threads together: they fit the last cache
//   task    a block of rows of A, packed by the thread that draws it (fits its second cache), times a slab of the step
//   tile    kTileRows × kTileColumns of C, which stay in registers for the whole depth of the step
//
// Packed, both operands are read from start to end, whatever n is. What does not fill a tile is packed with zeros.
#include "matmul.hpp"

#include <gluster/plugin.hpp>

#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace {

// A tile is as large as the registers allow: its sums, two vectors of B and one element of A, spread over a vector.
#if defined(__AVX512F__)
constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kTileRows = 14;  // 28 + 3 of 32 registers
#elif defined(__AVX__)
constexpr std::int64_t kLanes = 4;
constexpr std::int64_t kTileRows = 6;  // 12 + 3 of 16
#else
constexpr std::int64_t kLanes = 2;
constexpr std::int64_t kTileRows = 6;
#endif
constexpr std::int64_t kTileColumns = 2 * kLanes;

// Measured at n = 2048 and 4096. A block of A takes 180 KB, the packed step of B 6 MB at most.
constexpr std::int64_t kDepth = 384;
constexpr std::int64_t kBlockRows = 60 / kTileRows * kTileRows;
constexpr std::int64_t kPanelColumns = 2048;

// GCC's vector types, since the automatic vectoriser does not keep a tile in registers. `Loose`, for C, lies anywhere.
using Vector = double __attribute__((vector_size(kLanes * sizeof(double))));
using Loose = double __attribute__((vector_size(kLanes * sizeof(double)), aligned(sizeof(double)), may_alias));

// One tile over `depth`; `row_length` is C's. The first step of a panel sets C, the later ones add to it.
void multiply_tile(double* __restrict c, std::int64_t row_length, const double* __restrict a, const double* __restrict b, std::int64_t depth,
                   bool first) {
  // C's lines come in while the tile is summed up: 15 % at n = 2048.
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    __builtin_prefetch(c + i * row_length, 1);
    __builtin_prefetch(c + i * row_length + kTileColumns - 1, 1);
  }
  Vector sums[kTileRows][2] = {};
  for (std::int64_t k = 0; k < depth; ++k, a += kTileRows, b += kTileColumns) {
    const Vector left = *reinterpret_cast<const Vector*>(b);
    const Vector right = *reinterpret_cast<const Vector*>(b + kLanes);
    // Unrolled whole, or the sums would lie in memory.
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < kTileRows; ++i) {
      sums[i][0] += a[i] * left;
      sums[i][1] += a[i] * right;
    }
  }
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    auto* row = reinterpret_cast<Loose*>(c + i * row_length);
    row[0] = first ? Loose(sums[i][0]) : row[0] + sums[i][0];
    row[1] = first ? Loose(sums[i][1]) : row[1] + sums[i][1];
  }
}

// A tile of which C has only `rows` × `columns`: summed up beside C, since the rest of it is not C's.
void multiply_edge(double* c, std::int64_t row_length, const double* a, const double* b, std::int64_t depth, bool first, std::int64_t rows,
                   std::int64_t columns) {
  alignas(64) double tile[kTileRows * kTileColumns];
  multiply_tile(tile, kTileColumns, a, b, depth, true);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double& element = c[i * row_length + j];
      element = (first ? 0.0 : element) + tile[i * kTileColumns + j];
    }
  }
}

// A packed block times a packed slab.
void multiply_block(double* c, std::int64_t row_length, const double* a, const double* b, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                    bool first) {
  for (std::int64_t j = 0; j < columns; j += kTileColumns) {
    for (std::int64_t i = 0; i < rows; i += kTileRows) {
      double* tile = c + i * row_length + j;
      const bool whole = rows - i >= kTileRows && columns - j >= kTileColumns;
      if (whole) {
        multiply_tile(tile, row_length, a + i * depth, b + j * depth, depth, first);
      } else {
        multiply_edge(tile, row_length, a + i * depth, b + j * depth, depth, first, std::min(kTileRows, rows - i),
                      std::min(kTileColumns, columns - j));
      }
    }
  }
}

// Tile after tile, in each the kTileRows elements of one column together, as multiply_tile reads them.
void pack_a(double* packed, const double* a, std::int64_t n, std::int64_t rows, std::int64_t depth) {
  for (std::int64_t top = 0; top < rows; top += kTileRows) {
    const double* tile = a + top * n;
    for (std::int64_t k = 0; k < depth; ++k, packed += kTileRows) {
      for (std::int64_t i = 0; i < kTileRows; ++i) packed[i] = top + i < rows ? tile[i * n + k] : 0.0;
    }
  }
}

// One tile's columns of B, row after row.
void pack_b(double* packed, const double* b, std::int64_t n, std::int64_t columns, std::int64_t depth) {
  for (std::int64_t k = 0; k < depth; ++k, packed += kTileColumns, b += n) {
    if (columns == kTileColumns) {
      std::copy_n(b, kTileColumns, packed);
    } else {
      for (std::int64_t j = 0; j < kTileColumns; ++j) packed[j] = j < columns ? b[j] : 0.0;
    }
  }
}

// Few threads for little work: waking one costs as much as some hundred thousand multiplications.
int threads_for(std::int64_t rows, std::int64_t n) {
  const double work = static_cast<double>(rows) * static_cast<double>(n) * static_cast<double>(n);
  return static_cast<int>(std::clamp(work / (1 << 19), 1.0, static_cast<double>(omp_get_max_threads())));
}

// A slab as wide as can be while every thread has some tasks: each task packs its block of A anew.
std::int64_t slab_columns(std::int64_t columns, std::int64_t rows, int threads) {
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::int64_t slabs = 1;
  while (threads > 1 && blocks * slabs < 4 * threads && columns / (slabs + 1) >= 4 * kTileColumns) ++slabs;
  const std::int64_t width = (columns + slabs - 1) / slabs;
  return (width + kTileColumns - 1) / kTileColumns * kTileColumns;
}

}  // namespace

void multiply_into(double* c, const double* a, const double* b, std::int64_t rows, std::int64_t n) {
  if (rows == 0) return;
  const int threads = threads_for(rows, n);
  // Made here, since an exception must not leave an OpenMP region.
  gluster::Block<double> step(static_cast<std::size_t>(kDepth * (std::min(n, kPanelColumns) + kTileColumns)));
  gluster::Block<double> blocks(static_cast<std::size_t>(threads * kBlockRows * kDepth));
#pragma omp parallel num_threads(threads)
  for (std::int64_t left = 0; left < n; left += kPanelColumns) {
    const std::int64_t columns = std::min(kPanelColumns, n - left);
    const std::int64_t slab = slab_columns(columns, rows, threads);
    double* const block = blocks.data() + omp_get_thread_num() * kBlockRows * kDepth;
    for (std::int64_t top = 0; top < n; top += kDepth) {
      const std::int64_t depth = std::min(kDepth, n - top);
#pragma omp for
      for (std::int64_t j = 0; j < columns; j += kTileColumns) {
        pack_b(step.data() + j * depth, b + top * n + left + j, n, std::min(kTileColumns, columns - j), depth);
      }
#pragma omp for collapse(2) schedule(dynamic)
      for (std::int64_t j = 0; j < columns; j += slab) {
        for (std::int64_t i = 0; i < rows; i += kBlockRows) {
          const std::int64_t height = std::min(kBlockRows, rows - i);
          pack_a(block, a + i * n + top, n, height, depth);
          multiply_block(c + i * n + left + j, n, block, step.data() + j * depth, height, std::min(slab, columns - j), depth, top == 0);
        }
      }
    }
  }
}

template <class T>
void multiply_naive_into(T* c, const T* a, const T* b, std::int64_t rows, std::int64_t n) {
#pragma omp parallel for
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (std::int64_t k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  }
}

template void multiply_naive_into(double*, const double*, const double*, std::int64_t, std::int64_t);
template void multiply_naive_into(std::int64_t*, const std::int64_t*, const std::int64_t*, std::int64_t, std::int64_t);

// The kernels: a is some rows of A, b the whole of B; the answer is as many rows of C.

gluster::Block<double> multiply(std::span<const double> a, std::span<const double> b, std::int64_t n) {
  const std::int64_t rows = rows_of(a.size(), b.size(), n);
  gluster::Block<double> c(a.size());
  multiply_into(c.data(), a.data(), b.data(), rows, n);
  return c;
}

void multiply_in_place(std::span<double> c, std::span<const double> a, std::span<const double> b, std::int64_t n) {
  multiply_into(c.data(), a.data(), b.data(), rows_of(a.size(), b.size(), c.size(), n), n);
}

template <class T>
gluster::Block<T> multiply_naive(std::span<const T> a, std::span<const T> b, std::int64_t n) {
  const std::int64_t rows = rows_of(a.size(), b.size(), n);
  gluster::Block<T> c(a.size());
  multiply_naive_into(c.data(), a.data(), b.data(), rows, n);
  return c;
}

template <class T>
void multiply_naive_in_place(std::span<T> c, std::span<const T> a, std::span<const T> b, std::int64_t n) {
  multiply_naive_into(c.data(), a.data(), b.data(), rows_of(a.size(), b.size(), c.size(), n), n);
}

GLUSTER_EXPORT(multiply)
GLUSTER_DOC(multiply, "Rows of C = A·B, row-major, by a blocked and vectorised OpenMP product.", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_into, multiply_in_place)
GLUSTER_DOC(multiply_into, "The same, written to where the caller wants it.", "c", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_naive, multiply_naive<double>)
GLUSTER_DOC(multiply_naive, "Rows of C = A·B, row-major, by the plain triple loop.", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_naive_i64, multiply_naive<std::int64_t>)
GLUSTER_DOC(multiply_naive_i64, "Rows of C = A·B of 64-bit integers, by the plain triple loop.", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_naive_into, multiply_naive_in_place<double>)
GLUSTER_DOC(multiply_naive_into, "multiply_naive, written to where the caller wants it.", "c", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_naive_i64_into, multiply_naive_in_place<std::int64_t>)
GLUSTER_DOC(multiply_naive_i64_into, "multiply_naive_i64, written to where the caller wants it.", "c", "a", "b", "n")
