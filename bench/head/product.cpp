// The matrix product by Gluster, for comparison with the programs of baselines/ that multiply: the same rounds, check and output.
//
//     mpirun -n RANKS gluster_product N [ROUNDS [KERNEL [from_vectors|in_place]]]      as baselines/product_program.hpp says
//
// from_vectors: A and B are in vectors of the master's, and C comes to one. in_place: all three lie in node memory.
#include <cstring>
#include <optional>

#include <gluster/gluster.hpp>

#include "baselines/matrix.hpp"
#include "baselines/product_program.hpp"
#include "rows.hpp"

namespace {

using gluster::Cluster;

std::string function_of(const std::string& kernel) {
  if (kernel == "multiply_blas") return "matmul_blas.multiply_into";
  return "matmul." + kernel + "_into";
}

template <class T>
struct FromVectors {
  FromVectors(Cluster& its, std::int64_t rows) : cluster(&its), n(rows), a(static_cast<std::size_t>(n * n)), b(a.size()), c(a.size()) {}
  void meet() {}
  void distribute() {}
  void compute(const baselines::NamedKernel<T>& kernel) {
    bench::multiply_rows(*cluster, function_of(kernel.name), n, std::span<T>(c), cluster->share(b),
                         [&](std::size_t first, std::size_t count) { return std::span<const T>(a).subspan(first, count); });
  }
  void gather() {}

  Cluster* cluster;
  std::int64_t n;
  baselines::Matrix<T> a, b, c;
};

template <class T>
struct InPlace {
  InPlace(Cluster& its, std::int64_t rows) : cluster(&its), n(rows) {
    for (auto* matrix : {&in_a, &in_b, &in_c}) *matrix = its.allocate<T>(static_cast<std::size_t>(n * n));
    a = in_a.writable(), b = in_b.writable(), c = in_c.writable();
  }
  void meet() {  // they have been filled
    in_a.seal();
    in_b.seal();
  }
  void distribute() {}
  void compute(const baselines::NamedKernel<T>& kernel) {
    bench::multiply_rows(*cluster, function_of(kernel.name), n, c, in_b,
                         [&](std::size_t first, std::size_t count) { return in_a.part(first, count); });
  }
  void gather() {}

  Cluster* cluster;
  std::int64_t n;
  gluster::Shared<T> in_a, in_b, in_c;
  std::span<T> a, b, c;
};

template <template <class> class Way>
int multiply(Cluster& cluster, const char* name, int argc, char** argv) {
  const std::optional<baselines::Task> task = baselines::parse(argc, argv);
  if (!task) return baselines::refuse_words({name});
  cluster.import_functions(task->kernel == "multiply_blas" ? BENCH_MATMUL_BLAS : BENCH_MATMUL);
  return baselines::multiply_in_rounds({name, 0, cluster.workers()}, argc, argv,
                                       [&]<class T>(std::type_identity<T>, std::int64_t n) { return Way<T>(cluster, n); });
}

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](Cluster& cluster) {
    const bool is_in_place = argc == 5 && std::strcmp(argv[4], "in_place") == 0;
    if (argc == 5 && !is_in_place && std::strcmp(argv[4], "from_vectors") != 0) return baselines::refuse_words({"gluster_product"});
    return is_in_place ? multiply<InPlace>(cluster, "gluster_in_place", std::min(argc, 4), argv)
                       : multiply<FromVectors>(cluster, "gluster_from_vectors", std::min(argc, 4), argv);
  });
}
