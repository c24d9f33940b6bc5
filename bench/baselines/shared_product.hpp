// The matrix product on one node as a good MPI programmer writes it: A, B and C lie once, in a window that all ranks share;
// each computes its rows of C where they lie, and nothing is copied.
#pragma once
#include <mpi.h>

#include <cstdint>
#include <span>

#include "scattered_product.hpp"

namespace baselines {

/// Every rank of `comm`, all on one node, makes one and calls the same in the same order. T: double or std::int64_t.
template <class T>
class SharedProduct {
 public:
  SharedProduct(MPI_Comm comm, std::int64_t n);
  ~SharedProduct();
  SharedProduct(const SharedProduct&) = delete;

  /// Returns when all ranks have computed; what rank 0 wrote to a and b before is seen by all.
  void compute(ProductKernel<T> kernel);

  /// Rank 0 fills a and b.
  std::span<T> a;
  std::span<T> b;
  std::span<T> c;

 private:
  void meet();

  MPI_Comm comm_;
  std::int64_t n_;
  int rank_ = 0;
  int ranks_ = 0;
  MPI_Win window_ = MPI_WIN_NULL;
};

}  // namespace baselines
