#pragma once
#include <mutex>

namespace gluster::mpi {

// Who may call MPI now, and touch what is moved by it (a link, the dispatcher, a runner's queue).
//
// One a process, since MPI is one a process: however many clusters and sessions, they all take the same. Whoever holds it
// waits for nothing but MPI's own return: no blocking MPI call, no file, no compiler, no lock of the user's.
using Baton = std::mutex;

Baton& baton_of_process();

}  // namespace gluster::mpi
