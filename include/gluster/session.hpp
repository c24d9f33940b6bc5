#pragma once
#include <mpi.h>

#include <memory>
#include <mutex>
#include <utility>

#include <gluster/cluster.hpp>
#include <gluster/plugin.hpp>

namespace gluster {

/// A cluster inside a program that already uses MPI, on a communicator of its choice.
///
///     gluster::Session session(comm);          // collective; MPI is initialised
///     if (session.is_master()) use(session.cluster());
///     else session.serve();                    // until the master's Session ends
///
/// Making and destroying it is collective over `comm`; it uses a duplicate, so that none of its traffic can match the program's own. Rank 0
/// of `comm` is the master. Ordinary MPI goes on before, after, and between sessions; while one lives, the master's own MPI calls go inside
/// with_mpi. Making one is a UsageError under `gluster run`, which starts runners of its own for gluster::launch. Below MPI_THREAD_SERIALIZED work moves only inside Gluster's calls, and Cluster::status says so.
class Session {
 public:
  explicit Session(MPI_Comm comm, const Options& options = Options::from_environment()) : Session(comm, options, *gluster_manifest()) {}
  /// On the master: lets running kernels end and sends the runners home. On a runner: serves first, if it has not.
  ~Session();
  Session(const Session&) = delete;

  bool is_master() const noexcept;
  /// The master's side; a UsageError on a runner.
  Cluster& cluster();
  /// A runner's side: returns when the master's Session ends. A UsageError on the master, or a second time.
  void serve();

  /// Calls `what()` while no other thread of this process is inside MPI on Gluster's behalf; returns its value. `what` must not call
  /// Gluster. Jobs do not move meanwhile.
  template <class F>
  decltype(auto) with_mpi(F&& what) {
    std::lock_guard lock(baton());
    return std::forward<F>(what)();
  }

 private:
  struct Parts;
  Session(MPI_Comm comm, const Options& options, const Manifest& self);
  static std::mutex& baton();

  std::unique_ptr<Parts> parts_;
};

}  // namespace gluster
