#include <exception>

#include <fmt/format.h>
#include <gluster/session.hpp>

#include "base/log.hpp"
#include "entry/crew.hpp"
#include "entry/surroundings.hpp"
#include "mpi/baton.hpp"

namespace gluster {

struct Session::Parts {
  Parts(MPI_Comm over, const Options& given, const Manifest& manifest) : comm(over), options(entry::completed(given)), self(&manifest) {}

  mpi::Communicator comm;
  Options options;
  const Manifest* self;
  std::unique_ptr<entry::Crew> crew;  // the master's
  bool served = false;
};

Session::Session(MPI_Comm comm, const Options& options, const Manifest& self) {
  if (entry::is_held())
    throw UsageError("a Session is made of the program's own ranks: start it with mpirun or srun; gluster run has runners for gluster::launch only");
  if (!mpi::is_initialised()) throw UsageError("a Session needs MPI: call MPI_Init first, or use gluster::launch");
  parts_ = std::make_unique<Parts>(comm, options, self);
  base::set_log_level(options.log);
  if (parts_->comm.size() == 1) parts_->crew = entry::lead_alone(parts_->options, &self);
  else if (is_master()) parts_->crew = entry::lead(parts_->comm, parts_->options, &self);
}

Session::~Session() {
  try {
    if (!is_master()) {
      if (!parts_->served) serve();
      return;
    }
    bool failed = std::uncaught_exceptions() != 0;
    if (parts_->crew->end(failed ? Clock::now() + std::chrono::seconds(2) : Clock::time_point::max())) return;
    base::log().error("a Session ended by an exception while kernels ran; the run ends");
    parts_->crew->abort(1);
  } catch (const std::exception& error) {
    base::log().error("a Session did not end in good order: {}", error.what());
  }
}

bool Session::is_master() const noexcept { return parts_->comm.rank() == 0; }

Cluster& Session::cluster() {
  if (!is_master())
    throw UsageError(fmt::format("rank {} of this Session is a runner: only rank 0 has the cluster, the others call serve()", parts_->comm.rank()));
  return parts_->crew->cluster();
}

void Session::serve() {
  if (is_master()) throw UsageError("rank 0 of this Session is the master: it uses cluster(), the others call serve()");
  if (parts_->served) throw UsageError("this Session has been served already");
  parts_->served = true;
  entry::serve(parts_->comm, parts_->options, parts_->self);
}

std::mutex& Session::baton() { return mpi::baton_of_process(); }

}  // namespace gluster
