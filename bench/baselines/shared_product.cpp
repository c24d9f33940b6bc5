#include "shared_product.hpp"

namespace baselines {

template <class T>
SharedProduct<T>::SharedProduct(MPI_Comm comm, std::int64_t n) : comm_(comm), n_(n) {
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &ranks_);
  const auto elements = static_cast<std::size_t>(n * n);
  const auto bytes = static_cast<MPI_Aint>(3 * elements * sizeof(T));
  T* all = nullptr;
  int unit = 0;
  MPI_Win_allocate_shared(rank_ == 0 ? bytes : 0, sizeof(T), MPI_INFO_NULL, comm_, static_cast<void*>(&all), &window_);
  MPI_Aint found = 0;
  MPI_Win_shared_query(window_, 0, &found, &unit, static_cast<void*>(&all));
  a = {all, elements};
  b = {all + elements, elements};
  c = {all + 2 * elements, elements};
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
}

template <class T>
SharedProduct<T>::~SharedProduct() {
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

template <class T>
void SharedProduct<T>::compute(ProductKernel<T> kernel) {
  meet();
  const Rows rows(n_, rank_, ranks_);
  const std::int64_t first = rows.first * n_;
  kernel(c.data() + first, a.data() + first, b.data(), rows.count, n_);
  meet();
}

// What each has written before, all see after.
template <class T>
void SharedProduct<T>::meet() {
  MPI_Win_sync(window_);
  MPI_Barrier(comm_);
  MPI_Win_sync(window_);
}

template class SharedProduct<double>;
template class SharedProduct<std::int64_t>;

}  // namespace baselines
