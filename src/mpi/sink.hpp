#pragma once
#include <cstddef>
#include <utility>

namespace gluster::mpi {

// Memory to receive into what nobody wants: a large range of addresses on a few pages, so it costs nothing however large.
// (MPI cannot refuse a message, and Open MPI 4 writes beyond the end of a receive that is too short.)
class Sink {
 public:
  explicit Sink(std::size_t bytes);
  ~Sink();
  Sink(Sink&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  void* data() const noexcept { return data_; }

 private:
  void* data_;
  std::size_t bytes_;
};

}  // namespace gluster::mpi
