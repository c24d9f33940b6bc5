// The matrix product in one process: serial with OMP_NUM_THREADS=1, else on OpenMP's threads. What it takes where nothing has to be sent.
//
//     matmul_openmp N [ROUNDS [KERNEL]]      as product_program.hpp says
#include "matrix.hpp"
#include "product_program.hpp"

namespace {

template <class T>
struct OneProcess {
  explicit OneProcess(std::int64_t rows) : n(rows), a(static_cast<std::size_t>(n * n)), b(a.size()), c(a.size()) {}
  void meet() {}
  void distribute() {}
  void compute(const baselines::NamedKernel<T>& kernel) { kernel(c.data(), a.data(), b.data(), n, n); }
  void gather() {}

  std::int64_t n;
  baselines::Matrix<T> a, b, c;
};

}  // namespace

int main(int argc, char** argv) {
  return baselines::multiply_in_rounds({"matmul_openmp"}, argc, argv,
                                       []<class T>(std::type_identity<T>, std::int64_t n) { return OneProcess<T>(n); });
}
