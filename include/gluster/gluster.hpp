#pragma once
#include <functional>

#include <gluster/classic.hpp>
#include <gluster/cluster.hpp>
#include <gluster/dataset.hpp>
#include <gluster/entries.hpp>
#include <gluster/error.hpp>
#include <gluster/job.hpp>
#include <gluster/plugin.hpp>

/// Gluster turns a C++ function into a distributed one; this header is all of it but session.hpp, and names no MPI.
namespace gluster {

namespace detail {
/// `options` null: those of the environment.
int launch(int argc, char** argv, const std::function<int(Cluster&)>& main, const Options* options, const Manifest& self);
}  // namespace detail

/// Runs `main` on rank 0 of the world, the master; every other rank serves calls until `main` has returned. In a program
/// started alone, `main` runs with one runner inside its own process.
///
/// Returns what `main` returned, or 1 after an exception that it did not catch, whose text goes to stderr; 0 on a runner. When
/// `main` returns, calls that were sent run to their end and others end with Cancelled; after an exception or exit(non-zero) running kernels
/// get two seconds. Call it once, from the thread that called `main()`; it initialises and finalises MPI where the program has not.
/// Throws nothing.
inline int launch(int argc, char** argv, const std::function<int(Cluster&)>& main) {
  return detail::launch(argc, argv, main, nullptr, *gluster_manifest());
}
/// The same with options of the program's own.
inline int launch(int argc, char** argv, const std::function<int(Cluster&)>& main, const Options& options) {
  return detail::launch(argc, argv, main, &options, *gluster_manifest());
}

}  // namespace gluster
