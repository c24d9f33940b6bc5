// within_mpi SHAPES: the same from inside a program that uses MPI.
#include <gluster/gluster.hpp>
#include <gluster/session.hpp>

#include <cereal/types/vector.hpp>
#include <mpi.h>

#include <cstdio>

#include "shapes.hpp"

int main(int argc, char** argv) {
  int level = 0, ranks = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  {
    gluster::Session session(MPI_COMM_WORLD);
    if (session.is_master()) {
      session.cluster().import_functions(argv[1]);
      std::vector<Rectangle> shapes(1000, {2, 0.5});
      std::printf("area %g in a session\n", session.cluster().run<double>("shapes.area", shapes).get());
    } else {
      session.serve();
    }
  }
  int one = 1;
  MPI_Allreduce(&one, &ranks, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Finalize();
  return ranks > 0 ? 0 : 1;
}
