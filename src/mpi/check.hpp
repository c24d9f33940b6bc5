#pragma once
#include <mpi.h>

#include <source_location>

namespace gluster::mpi {

// Every MPI return code goes through here: a non-zero one becomes a gluster::Error with the call's name and place.
void check(int code, const char* call, std::source_location where = std::source_location::current());

}  // namespace gluster::mpi
