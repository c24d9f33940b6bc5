#pragma once
#include <memory>
#include <thread>

#include <gluster/cluster.hpp>

#include "entry/obituary.hpp"
#include "entry/sentry.hpp"
#include "master/engine.hpp"
#include "mpi/environment.hpp"
#include "plugin/shelf.hpp"
#include "runner/runner.hpp"
#include "wire/link.hpp"

namespace gluster::entry {

// A master's cluster, from the first Hello to the last Goodbye.
class Crew {
 public:
  virtual ~Crew() = default;
  virtual Cluster& cluster() = 0;
  // Ends the cluster. With a deadline, kernels that still run then are given up: false.
  virtual bool end(Clock::time_point deadline) = 0;
  // After end() said false: ends every rank, now.
  [[noreturn]] virtual void abort(int status) = 0;
};

// The other ranks of `comm`; collective with serve(). `comm` outlives it.
std::unique_ptr<Crew> lead(mpi::Communicator& comm, const Options& options, const Manifest* self);
// One runner, a thread of this process: for a program started alone, or a world of one rank.
std::unique_ptr<Crew> lead_alone(const Options& options, const Manifest* self);

// A runner's side of lead(); returns after Stop.
void serve(mpi::Communicator& comm, const Options& options, const Manifest* self);

}  // namespace gluster::entry
