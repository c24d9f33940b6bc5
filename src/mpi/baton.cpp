#include "mpi/baton.hpp"

namespace gluster::mpi {

Baton& baton_of_process() {
  static Baton baton;
  return baton;
}

}  // namespace gluster::mpi
