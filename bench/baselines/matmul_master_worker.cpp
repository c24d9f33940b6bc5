// The matrix product by a self-scheduling farm: rank 0 computes nothing and hands out blocks of rows; a worker that gives one back gets the next, and has another
// there already. For nodes that are not alike.
//
//     mpirun -n WORKERS+1 matmul_master_worker N [ROUNDS [KERNEL]]      as product_program.hpp says
#include "mpi_program.hpp"
#include "product_program.hpp"
#include "scattered_product.hpp"

#include <array>
#include <cstdio>

namespace {

constexpr int kSlots = 2;          // of a worker: one block is computed, one waits; the tag says which
constexpr int kBlocksAWorker = 8;  // few bytes more, and the last one is short
constexpr int kFinished = kSlots;  // a tag

template <class T>
class Farmed {
 public:
  Farmed(const baselines::World& world, std::int64_t n)
      : world_(world), n_(n), block_(std::max<std::int64_t>(1, n / (kBlocksAWorker * std::max(world.ranks - 1, 1)))) {
    const std::int64_t rows = world.rank == 0 ? n : kSlots * block_;
    a.resize(static_cast<std::size_t>(rows * n));
    b.resize(static_cast<std::size_t>(n * n));
    c.resize(a.size());
    MPI_Type_contiguous(static_cast<int>(n), baselines::element_type<T>(), &row_);
    MPI_Type_commit(&row_);
  }
  ~Farmed() { MPI_Type_free(&row_); }
  Farmed(const Farmed&) = delete;

  void meet() { MPI_Barrier(MPI_COMM_WORLD); }
  void distribute() { MPI_Bcast(b.data(), static_cast<int>(n_), row_, 0, MPI_COMM_WORLD); }
  void compute(const baselines::NamedKernel<T>& kernel) {
    if (world_.rank == 0) hand_out();
    else work(kernel);
  }
  void gather() {}

  baselines::Matrix<T> a, b, c;  // on rank 0 whole; elsewhere a and c are a block for each slot

 private:
  T* row(baselines::Matrix<T>& matrix, std::int64_t at) { return matrix.data() + at * n_; }

  void hand_out() {
    const auto workers = static_cast<std::size_t>(world_.ranks - 1);
    std::vector<MPI_Request> leaving(kSlots * workers, MPI_REQUEST_NULL);
    std::vector<MPI_Request> returning(leaving.size(), MPI_REQUEST_NULL);
    std::int64_t next = 0;
    const auto give = [&](std::size_t slot) {
      const auto rows = static_cast<int>(std::min(block_, n_ - next));
      if (rows == 0) return;
      const int worker = 1 + static_cast<int>(slot % workers);
      const int tag = static_cast<int>(slot / workers);
      MPI_Wait(&leaving[slot], MPI_STATUS_IGNORE);
      MPI_Isend(row(a, next), rows, row_, worker, tag, MPI_COMM_WORLD, &leaving[slot]);
      MPI_Irecv(row(c, next), rows, row_, worker, tag, MPI_COMM_WORLD, &returning[slot]);
      next += rows;
    };
    for (std::size_t slot = 0; slot < leaving.size(); ++slot) give(slot);
    for (;;) {
      int slot = 0;
      MPI_Waitany(static_cast<int>(returning.size()), returning.data(), &slot, MPI_STATUS_IGNORE);
      if (slot == MPI_UNDEFINED) break;
      give(static_cast<std::size_t>(slot));
    }
    MPI_Waitall(static_cast<int>(leaving.size()), leaving.data(), MPI_STATUSES_IGNORE);
    for (int worker = 1; worker < world_.ranks; ++worker) MPI_Send(nullptr, 0, row_, worker, kFinished, MPI_COMM_WORLD);
  }

  void work(const baselines::NamedKernel<T>& kernel) {
    std::array<MPI_Request, kSlots + 1> arriving{};
    std::array<MPI_Request, kSlots> leaving{};
    leaving.fill(MPI_REQUEST_NULL);
    const auto receive = [&](int slot) {
      MPI_Irecv(row(a, slot * block_), static_cast<int>(block_), row_, 0, slot, MPI_COMM_WORLD, &arriving[static_cast<std::size_t>(slot)]);
    };
    for (int slot = 0; slot < kSlots; ++slot) receive(slot);
    MPI_Irecv(nullptr, 0, row_, 0, kFinished, MPI_COMM_WORLD, &arriving[kFinished]);
    for (;;) {
      int slot = 0;
      MPI_Status status;
      MPI_Waitany(static_cast<int>(arriving.size()), arriving.data(), &slot, &status);
      if (slot == kFinished) break;
      int rows = 0;
      MPI_Get_count(&status, row_, &rows);
      MPI_Request& left = leaving[static_cast<std::size_t>(slot)];
      MPI_Wait(&left, MPI_STATUS_IGNORE);
      kernel(row(c, slot * block_), row(a, slot * block_), b.data(), rows, n_);
      MPI_Isend(row(c, slot * block_), rows, row_, 0, slot, MPI_COMM_WORLD, &left);
      receive(slot);
    }
    for (int slot = 0; slot < kSlots; ++slot) {
      MPI_Cancel(&arriving[static_cast<std::size_t>(slot)]);
      MPI_Wait(&arriving[static_cast<std::size_t>(slot)], MPI_STATUS_IGNORE);
      MPI_Wait(&leaving[static_cast<std::size_t>(slot)], MPI_STATUS_IGNORE);
    }
  }

  const baselines::World& world_;
  std::int64_t n_;
  std::int64_t block_;  // rows
  MPI_Datatype row_ = MPI_DATATYPE_NULL;
};

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  if (world.ranks < 2) {
    std::fprintf(stderr, "matmul_master_worker wants two ranks or more: rank 0 computes nothing\n");
    return 2;
  }
  return baselines::multiply_in_rounds({"matmul_master_worker", world.rank, world.ranks}, argc, argv,
                                       [&]<class T>(std::type_identity<T>, std::int64_t n) { return Farmed<T>(world, n); });
}
