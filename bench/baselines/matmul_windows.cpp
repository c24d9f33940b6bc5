// The matrix product on one node where A, B and C lie once, in a window that all ranks share: nothing is sent.
//
//     mpirun -n RANKS matmul_windows N [ROUNDS [KERNEL]]      as product_program.hpp says
#include "mpi_program.hpp"
#include "product_program.hpp"
#include "shared_product.hpp"

namespace {

template <class T>
struct InWindow : baselines::SharedProduct<T> {
  explicit InWindow(std::int64_t n) : baselines::SharedProduct<T>(MPI_COMM_WORLD, n) {}
  void meet() { MPI_Barrier(MPI_COMM_WORLD); }
  void distribute() {}
  void gather() {}
};

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  return baselines::multiply_in_rounds({"matmul_windows", world.rank, world.ranks}, argc, argv,
                                       []<class T>(std::type_identity<T>, std::int64_t n) { return InWindow<T>(n); });
}
