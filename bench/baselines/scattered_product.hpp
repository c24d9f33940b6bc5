// The matrix product as a good MPI programmer writes it: rank 0 has A and B, scatters the rows of A, broadcasts B, every
// rank (rank 0 too) computes its rows of C, and rank 0 gathers them.
#pragma once
#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "matrix.hpp"
#include "product_kernel.hpp"

namespace baselines {

template <class T>
MPI_Datatype element_type();
template <>
inline MPI_Datatype element_type<double>() {
  return MPI_DOUBLE;
}
template <>
inline MPI_Datatype element_type<std::int64_t>() {
  return MPI_INT64_T;
}

/// A rank's rows of n: as evenly as can be, also when the ranks do not divide n.
struct Rows {
  Rows(std::int64_t n, int rank, int ranks) : first(static_cast<int>(n * rank / ranks)), count(static_cast<int>(n * (rank + 1) / ranks) - first) {}
  int first;
  int count;
};

/// Every rank of `comm` makes one and calls the same in the same order. Buffers are made and touched once. T: double or std::int64_t.
template <class T>
class ScatteredProduct {
 public:
  /// n at most what an int holds, since MPI counts rows.
  ScatteredProduct(MPI_Comm comm, std::int64_t n);
  ~ScatteredProduct();
  ScatteredProduct(const ScatteredProduct&) = delete;

  void distribute();
  void compute(ProductKernel<T> kernel);
  void gather();

  /// On rank 0 a and c are whole; elsewhere they are the rank's own rows. Rank 0 fills a and b.
  Matrix<T> a;
  Matrix<T> b;
  Matrix<T> c;

 private:
  MPI_Comm comm_;
  std::int64_t n_;
  int rank_ = 0;
  int own_ = 0;
  std::vector<int> firsts_;
  std::vector<int> counts_;
  MPI_Datatype row_ = MPI_DATATYPE_NULL;
};

}  // namespace baselines
