#include "scattered_product.hpp"

namespace baselines {

template <class T>
ScatteredProduct<T>::ScatteredProduct(MPI_Comm comm, std::int64_t n) : comm_(comm), n_(n) {
  int ranks = 0;
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &ranks);
  for (int rank = 0; rank < ranks; ++rank) {
    const Rows rows(n, rank, ranks);
    firsts_.push_back(rows.first);
    counts_.push_back(rows.count);
  }
  own_ = counts_[static_cast<std::size_t>(rank_)];
  const auto columns = static_cast<std::size_t>(n);
  const std::size_t rows = rank_ == 0 ? columns : static_cast<std::size_t>(own_);
  a.resize(rows * columns);
  b.resize(columns * columns);
  c.resize(rows * columns);
  MPI_Type_contiguous(static_cast<int>(n), element_type<T>(), &row_);
  MPI_Type_commit(&row_);
}

template <class T>
ScatteredProduct<T>::~ScatteredProduct() {
  MPI_Type_free(&row_);
}

// Rank 0's own rows stay where they are (MPI_IN_PLACE).
template <class T>
void ScatteredProduct<T>::distribute() {
  void* const received = rank_ == 0 ? MPI_IN_PLACE : a.data();
  MPI_Scatterv(a.data(), counts_.data(), firsts_.data(), row_, received, own_, row_, 0, comm_);
  MPI_Bcast(b.data(), static_cast<int>(n_), row_, 0, comm_);
}

template <class T>
void ScatteredProduct<T>::compute(ProductKernel<T> kernel) {
  kernel(c.data(), a.data(), b.data(), own_, n_);
}

template <class T>
void ScatteredProduct<T>::gather() {
  const void* const sent = rank_ == 0 ? MPI_IN_PLACE : c.data();
  MPI_Gatherv(sent, own_, row_, c.data(), counts_.data(), firsts_.data(), row_, 0, comm_);
}

template class ScatteredProduct<double>;
template class ScatteredProduct<std::int64_t>;

}  // namespace baselines
