// The matrix product by scatter, broadcast and gather, each rank's rows on its OpenMP threads (OMP_NUM_THREADS=1: MPI alone). What Gluster is measured against.
//
//     mpirun -n RANKS matmul_mpi_openmp N [ROUNDS [KERNEL]]      as product_program.hpp says
#include "mpi_program.hpp"
#include "product_program.hpp"
#include "scattered_product.hpp"

namespace {

template <class T>
struct Scattered : baselines::ScatteredProduct<T> {
  explicit Scattered(std::int64_t n) : baselines::ScatteredProduct<T>(MPI_COMM_WORLD, n) {}
  void meet() { MPI_Barrier(MPI_COMM_WORLD); }
};

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  return baselines::multiply_in_rounds({"matmul_mpi_openmp", world.rank, world.ranks}, argc, argv,
                                       []<class T>(std::type_identity<T>, std::int64_t n) { return Scattered<T>(n); });
}
