// The matrix product by ScaLAPACK's pdgemm: A and B are dealt out from rank 0 in blocks, and C is brought back there.
//
//     mpirun -n RANKS matmul_pdgemm N [ROUNDS [BLOCK]]      BLOCK: rows and columns of a block (128)
//
// Prints as product_program.hpp says; the kernel is OpenBLAS's own, on OPENBLAS_NUM_THREADS threads. ScaLAPACK's matrices lie by columns, ours by rows: what it
// takes for A and B is their transposes, and Cᵀ = Bᵀ·Aᵀ.
#include "matrix.hpp"
#include "mpi_program.hpp"
#include "product_program.hpp"

#include <array>
#include <cstdlib>

extern "C" {
void Cblacs_get(int context, int what, int* value);
void Cblacs_gridinit(int* context, const char* order, int rows, int columns);
void Cblacs_gridinfo(int context, int* rows, int* columns, int* row, int* column);
void Cblacs_gridexit(int context);
int numroc_(const int* n, const int* block, const int* at, const int* first, const int* of);
void Cpdgemr2d(int rows, int columns, const double* from, int from_row, int from_column, const int* from_shape, double* to, int to_row, int to_column,
               const int* to_shape, int context);
void pdgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k, const double* alpha, const double* a,
             const int* a_row, const int* a_column, const int* a_shape, const double* b, const int* b_row, const int* b_column, const int* b_shape,
             const double* beta, double* c, const int* c_row, const int* c_column, const int* c_shape);
}

namespace {

using Shape = std::array<int, 9>;  // ScaLAPACK's array descriptor

Shape shape(int context, int n, int block, int local_rows) { return {1, context, n, n, block, block, 0, 0, std::max(local_rows, 1)}; }

class BlockCyclic {
 public:
  BlockCyclic(const baselines::World& world, std::int64_t n, int block) : n_(static_cast<int>(n)) {
    int rows = 1;
    for (int r = 1; r * r <= world.ranks; ++r) {
      if (world.ranks % r == 0) rows = r;
    }
    Cblacs_get(0, 0, &grid_);
    Cblacs_gridinit(&grid_, "Row", rows, world.ranks / rows);
    Cblacs_get(0, 0, &root_);
    Cblacs_gridinit(&root_, "Row", 1, 1);  // of rank 0; -1 elsewhere
    int columns = 0;
    int row = 0;
    int column = 0;
    Cblacs_gridinfo(grid_, &rows, &columns, &row, &column);
    const int first = 0;
    const int local_rows = numroc_(&n_, &block, &row, &first, &rows);
    const int local_columns = numroc_(&n_, &block, &column, &first, &columns);
    own_ = shape(grid_, n_, block, local_rows);
    whole_ = shape(world.rank == 0 ? root_ : -1, n_, n_, n_);
    for (baselines::Matrix<double>* part : {&own_a_, &own_b_, &own_c_})
      part->resize(static_cast<std::size_t>(local_rows) * static_cast<std::size_t>(local_columns));
    if (world.rank == 0) {
      for (baselines::Matrix<double>* all : {&a, &b, &c}) all->resize(static_cast<std::size_t>(n * n));
    }
  }
  ~BlockCyclic() {
    Cblacs_gridexit(grid_);
    if (root_ >= 0) Cblacs_gridexit(root_);
  }
  BlockCyclic(const BlockCyclic&) = delete;

  void meet() { MPI_Barrier(MPI_COMM_WORLD); }
  void distribute() {
    Cpdgemr2d(n_, n_, a.data(), 1, 1, whole_.data(), own_a_.data(), 1, 1, own_.data(), grid_);
    Cpdgemr2d(n_, n_, b.data(), 1, 1, whole_.data(), own_b_.data(), 1, 1, own_.data(), grid_);
  }
  void compute(const baselines::NamedKernel<double>&) {
    const double one = 1;
    const double zero = 0;
    const int first = 1;
    pdgemm_("N", "N", &n_, &n_, &n_, &one, own_b_.data(), &first, &first, own_.data(), own_a_.data(), &first, &first, own_.data(), &zero,
            own_c_.data(), &first, &first, own_.data());
  }
  void gather() { Cpdgemr2d(n_, n_, own_c_.data(), 1, 1, own_.data(), c.data(), 1, 1, whole_.data(), grid_); }

  baselines::Matrix<double> a, b, c;  // whole, on rank 0

 private:
  int n_;
  int grid_ = -1;
  int root_ = -1;
  Shape own_{}, whole_{};
  baselines::Matrix<double> own_a_, own_b_, own_c_;
};

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  const baselines::Program program{"matmul_pdgemm", world.rank, world.ranks};
  const int block = argc > 3 ? std::atoi(argv[3]) : 128;
  std::optional<baselines::Task> task = baselines::parse(std::min(argc, 3), argv);
  if (!task || block < 1) return baselines::refuse_words(program);
  task->kernel = "pdgemm";
  BlockCyclic way(world, task->n, block);
  return baselines::run_rounds<double>(program, *task, way, {nullptr, task->kernel}, {nullptr, task->kernel});
}
