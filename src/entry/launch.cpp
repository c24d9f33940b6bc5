#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include <cxxabi.h>
#include <fmt/format.h>
#include <gluster/gluster.hpp>

#include "base/log.hpp"
#include "entry/crew.hpp"
#include "entry/drain_signal.hpp"
#include "entry/running.hpp"
#include "entry/surroundings.hpp"

namespace gluster {
namespace {

constexpr std::chrono::seconds kGrace{2};  // for running kernels, when the master's program has failed
constexpr int kGoOnLater = 75;             // EX_TEMPFAIL: the run was ended early and in order

// What has to happen when the user's main leaves by exit() and not by returning.
class ExitGuard {
 public:
  explicit ExitGuard(std::function<void(int)> what) : what_(new Handler{::getpid(), std::move(what)}) { ::on_exit(run, what_); }
  // Returned: nothing is to be done. (A handler cannot be taken back, so what it looks at stays, and is the handler's.)
  ~ExitGuard() { what_->what = nullptr; }
  ExitGuard(const ExitGuard&) = delete;

 private:
  struct Handler {
    pid_t process;  // a child of a kernel or of the user's program is not ours to end
    std::function<void(int)> what;
  };
  static void run(int status, void* at) {
    std::unique_ptr<Handler> handler(static_cast<Handler*>(at));
    if (handler->what && handler->process == ::getpid()) handler->what(status);
  }
  Handler* what_;
};

void say(const std::string& text) {
  std::fflush(stdout);
  fmt::print(stderr, "gluster: {}\n", text);
}

// Runs the user's main; empty after an exception, which has been told.
std::optional<int> run_main(const std::function<int(Cluster&)>& main, Cluster& cluster) {
  entry::RunningCluster running(cluster);
  entry::DrainSignal drain([&] {
    say("told to end (SIGUSR1): what runs comes to its end, and nothing more is begun");
    cluster.drain("the run is being ended");
  });
  try {
    return main(cluster);
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const Cancelled& error) {
    if (cluster.is_draining()) return say(error.what()), kGoOnLater;
    say(fmt::format("the master's program failed: {}", error.what()));
  } catch (const std::exception& error) {
    say(fmt::format("the master's program failed: {}", error.what()));
  } catch (...) {
    say("the master's program failed: it threw something that is no std::exception");
  }
  return std::nullopt;
}

// `make` makes the crew. The guard comes first: of the handlers of exit() the last made is the first to run, and that must be the one that asks
// whether a kernel called it.
int lead(const std::function<std::unique_ptr<entry::Crew>()>& make, const std::function<int(Cluster&)>& main, mpi::Environment* environment) {
  std::unique_ptr<entry::Crew> crew;
  auto end = [&](bool failed, int status) {
    if (!crew || crew->end(failed ? Clock::now() + kGrace : Clock::time_point::max())) return;
    say("kernels still run; they are given up");
    std::fflush(nullptr);
    crew->abort(status);
  };
  ExitGuard guard([&](int status) {
    end(status != 0, status);
    if (environment != nullptr) environment->finalize();
  });
  crew = make();
  std::optional<int> status = run_main(main, crew->cluster());
  end(!status, EXIT_FAILURE);
  return status.value_or(EXIT_FAILURE);
}

// What to do, or why it cannot be done.
struct Wishes {
  Options options;
  std::string error;
};

Wishes wishes(const Options* given) {
  try {
    Options options = entry::completed(given != nullptr ? *given : Options::from_environment());
    base::set_log_level(options.log);
    return {std::move(options), ""};
  } catch (const UsageError& error) {
    return {{}, error.what()};
  }
}

int launch_ranks(int* argc, char*** argv, const std::function<int(Cluster&)>& main, const Wishes& wishes, const Manifest& self,
                 const entry::Surroundings& around) {
  mpi::Environment environment(argc, argv);
  mpi::Communicator comm(MPI_COMM_WORLD);
  if (int rank = comm.first(!wishes.error.empty()); rank >= 0) {  // most often it is wrong everywhere: one tells
    if (comm.rank() == rank) say(wishes.error);                   // before MPI ends: then mpirun ends the others for one that has failed
    return EXIT_FAILURE;
  }
  const Options& options = wishes.options;
  around.expect_world(comm.size());
  if (comm.size() == 1) return lead([&] { return entry::lead_alone(options, &self); }, main, &environment);
  if (comm.rank() != 0) {
    entry::ignore_drain_signal();
    entry::serve(comm, options, &self);
    return EXIT_SUCCESS;
  }
  return lead([&] { return entry::lead(comm, options, &self); }, main, &environment);
}

}  // namespace

int detail::launch(int argc, char** argv, const std::function<int(Cluster&)>& main, const Options* given, const Manifest& self) {
  try {
    entry::tell_holder();
    Wishes its = wishes(given);
    auto around = entry::Surroundings::from_environment();
    if (around.launched || mpi::is_initialised()) return launch_ranks(&argc, &argv, main, its, self, around);
    if (!its.error.empty()) throw UsageError(its.error);
    around.expect_world(1);
    return lead([&] { return entry::lead_alone(its.options, &self); }, main, nullptr);
  } catch (const std::exception& error) {
    say(error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace gluster
