#include "entry/crew.hpp"

#include <omp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/cores.hpp"
#include "base/files.hpp"
#include "base/host.hpp"
#include "base/log.hpp"
#include "base/pages.hpp"
#include "base/process.hpp"
#include "entry/launcher_watch.hpp"
#include "entry/output.hpp"
#include "entry/surroundings.hpp"
#include "mpi/mpi_link.hpp"
#include "mpi/node_memory.hpp"
#include "wire/local_link.hpp"
#include "wire/split_link.hpp"

namespace gluster::entry {
namespace {

// What the ranks of a node share.
mpi::NodeMemory::Wanted memory_for(const Options& options) {
  return {options.memory != 0, mpi::Mailboxes::bytes_for, mpi::Mailboxes::bytes_for_parcels, options.memory};
}

// The link of a rank with `peers` others; those without a mailbox have receives kept ready: few, so that their buffers stay in the cache; a
// message beyond them waits in MPI.
std::unique_ptr<wire::Link> make_link(const mpi::Communicator& comm, const mpi::NodeMemory& node, int peers) {
  std::lock_guard lock(mpi::baton_of_process());
  mpi::Mailboxes mailboxes(node.mail(), node.parcels(), node.ranks(), comm.rank());
  int others = peers - static_cast<int>(mailboxes.all().size());
  return std::make_unique<mpi::MpiLink>(comm.handle(), std::move(mailboxes), others == 0 ? 0 : std::clamp(4 * others, 8, 64));
}

// Every rank of the node says what it may use and what it is; each computes its own share.
base::CoreShare share_of_node(const mpi::Communicator& comm, const Options& options) {
  base::CoreUser mine{base::allowed_processors(), comm.rank() != 0 || options.master_computes};
  auto node = comm.gather_on_node({reinterpret_cast<const char*>(&mine), sizeof mine});
  std::vector<base::CoreUser> users(node.all.size());
  for (std::size_t i = 0; i < users.size(); ++i) std::memcpy(&users[i], node.all[i].data(), sizeof users[i]);
  return base::share_cores(users, node.self, base::cores_of_node());
}

wire::Hello describe(int threads, const base::CoreShare& share) {
  return {base::host_name(),
          base::architecture(),
          base::operating_system(),
          base::cpu_model(),
          base::program_path(),
          static_cast<std::int32_t>(share.cores.size()),
          threads,
          ::getpid()};
}

int threads_for(const base::CoreShare& share, const Options& options) {
  return options.threads != 0 ? options.threads : static_cast<int>(share.cores.size());
}

// The team that a kernel gets on this thread, and what the master is told about it.
wire::Hello take_up(const base::CoreShare& share, const Options& options) {
  if (options.threads == 0 && share.is_part) base::bind_to(share.cores);
  int threads = threads_for(share, options);
  omp_set_num_threads(threads);
  return describe(threads, share);
}

// Nobody could hear what this rank would say: its output went through the launcher.
int launcher() { return base::find_ancestor(mpi::is_launcher_program); }
void end_without_launcher() {
  base::remove_unnamed();
  ::_exit(EXIT_FAILURE);
}

// LastWords of a thread that is bound to some cores while a kernel runs, and free to go where it likes else: it is the user's own.
class BoundWords final : public runner::Watch {
 public:
  BoundWords(int rank, const std::string& host, const base::CoreShare& share) : words_(rank, host, "", true), share_(share) {}
  void begins(const char* kernel) noexcept override {
    if (share_.is_part) {
      before_ = base::allowed_processors();
      base::bind_to(share_.cores);
    }
    words_.begins(kernel);
  }
  void ended() noexcept override {
    words_.ended();
    if (share_.is_part) base::bind_to({before_});
  }

 private:
  LastWords words_;
  base::CoreShare share_;
  cpu_set_t before_{};
};

const std::string kGoOn = "go on";  // the master's first word to the others

std::unique_ptr<master::Trace> trace_for(const Options& options) {
  return options.trace.empty() ? nullptr : std::make_unique<master::Trace>(options.trace);
}

// With all ranks: when it cannot be had, runners know that there is no master. Throws UsageError.
std::unique_ptr<master::Trace> agreed_trace(mpi::Communicator& comm, const Options& options) {
  try {
    auto trace = trace_for(options);
    comm.broadcast(kGoOn);
    return trace;
  } catch (const std::exception&) {
    comm.broadcast("");
    throw;
  }
}

// The master as a runner: it has no thread, and works when one of the master's threads waits.
class OwnRunner {
 public:
  OwnRunner(std::unique_ptr<wire::Link> link, const Options& options, const Manifest* self, const base::CoreShare& share, std::span<std::byte> memory)
      : link_(std::move(link)),
        shelf_(options.cache, options.cxx),
        plugins_(shelf_, self, baton_),
        operands_({memory, true, true}),
        hello_(hello_of(share, options, memory)),
        words_(0, hello_.host, share),
        runner_({link_.get(), &baton_, &plugins_, &operands_, &words_, 0, false, hello_, {}}) {
    runner_.begin();
  }

  void work() {
    int before = omp_get_max_threads();
    omp_set_num_threads(hello_.threads);
    runner_.work();
    omp_set_num_threads(before);
  }

 private:
  static wire::Hello hello_of(const base::CoreShare& share, const Options& options, std::span<std::byte> memory) {
    wire::Hello hello = describe(threads_for(share, options), share);
    hello.leader = 0;
    hello.node_memory = memory.size();
    return hello;
  }

  std::unique_ptr<wire::Link> link_;
  mpi::Baton baton_;  // this runner's link is its own
  plugin::Shelf shelf_;
  runner::Plugins plugins_;
  runner::Operands operands_;
  wire::Hello hello_;
  BoundWords words_;
  runner::Runner runner_;
};

class MpiCrew final : public Crew {
 public:
  MpiCrew(mpi::Communicator& comm, const Options& options, const Manifest* self)
      : comm_(&comm), trace_(agreed_trace(comm, options)), node_(std::in_place, comm, memory_for(options)) {
    comm.broadcast(sentry_.door());
    base::CoreShare share = share_of_node(comm, options);  // the runners count on the master's part in it
    std::vector<int> runners;
    for (int rank = options.master_computes ? 0 : 1; rank < comm.size(); ++rank) runners.push_back(rank);
    std::unique_ptr<wire::Link> link = make_link(comm, *node_, comm.size() - 1);
    std::function<void()> work;
    if (options.master_computes) {
      auto [ours, theirs] = wire::LocalLink::lending_pair(0, 0);
      own_runner_ = std::make_unique<OwnRunner>(std::move(theirs), options, self, share, node_->data());
      work = [runner = own_runner_.get()] { runner->work(); };
      link = std::make_unique<wire::SplitLink>(0, std::move(ours), std::move(link));
    }
    engine_ = std::make_shared<Engine>(Engine::Parts{std::move(link), &mpi::baton_of_process(), mpi::may_use_threads(), runners, options.credit,
                                                     node_->data(), std::move(work), true, std::move(trace_)});
    engine_->meet_runners();
    cluster_ = std::make_unique<Cluster>(engine_, options);
    watch();
  }
  ~MpiCrew() override { sentry_.stop(); }

  Cluster& cluster() override { return *cluster_; }

  bool end(Clock::time_point deadline) override {
    bool ended = engine_->shut_down(deadline);
    sentry_.stop();
    if (ended) std::call_once(freed_, [&] { node_.reset(); });  // with the runners, whatever becomes of this object
    return ended;
  }

  [[noreturn]] void abort(int status) override { comm_->abort(status); }

 private:
  void watch() {
    std::vector<Sentry::Ward> wards;
    for (const RunnerInfo& runner : cluster_->runners())
      if (runner.rank != 0) wards.push_back({runner.rank, runner.host, static_cast<int>(runner.pid)});
    // Not with() a lock_guard: the baton's holder may be stuck with the runner that died.
    auto running_at = [engine = engine_](int rank) { return engine->running_at(rank, std::chrono::milliseconds(500)); };
    sentry_.watch(std::move(wards), {base::host_name(), running_at, [comm = comm_](int status) { comm->abort(status); }});
  }

  mpi::Communicator* comm_;
  LauncherWatch launcher_{launcher(), end_without_launcher};
  std::unique_ptr<master::Trace> trace_;  // until the engine has it
  std::optional<mpi::NodeMemory> node_;
  std::unique_ptr<OwnRunner> own_runner_;  // null: the master does not compute
  std::once_flag freed_;
  Sentry sentry_;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Cluster> cluster_;
};

class LoneCrew final : public Crew {
 public:
  LoneCrew(const Options& options, const Manifest* self) : memory_(options.memory.value_or(base::available_memory() / 2)) {
    auto trace = trace_for(options);  // before there is a thread
    auto [ours, theirs] = wire::LocalLink::pair(0, 0);
    runner_ = std::thread([this, link = std::shared_ptr<wire::Link>(std::move(theirs)), options, self] { run(*link, options, self); });
    engine_ = std::make_shared<Engine>(
        Engine::Parts{std::move(ours), &mpi::baton_of_process(), true, {0}, options.credit, memory_.bytes(), {}, false, std::move(trace)});
    engine_->meet_runners();
    cluster_ = std::make_unique<Cluster>(engine_, options);
  }
  ~LoneCrew() override {
    if (runner_.joinable()) runner_.detach();  // given up: the process is about to end
  }

  Cluster& cluster() override { return *cluster_; }

  bool end(Clock::time_point deadline) override {
    if (!engine_->shut_down(deadline)) return false;
    if (runner_.joinable()) runner_.join();
    return true;
  }

  [[noreturn]] void abort(int status) override { ::_exit(status); }

 private:
  void run(wire::Link& link, const Options& options, const Manifest* self) {
    mpi::Baton baton;  // this runner's link is its own
    plugin::Shelf shelf(options.cache, options.cxx);
    runner::Plugins plugins(shelf, self, baton);
    base::CoreUser mine{base::allowed_processors(), 1};
    wire::Hello hello = take_up(base::share_cores({mine}, 0, base::cores_of_node()), options);
    hello.leader = 0;
    hello.node_memory = memory_.bytes().size();
    LastWords words(0, hello.host, "", true);
    runner::Operands operands({memory_.bytes(), true, false});
    runner::Runner({&link, &baton, &plugins, &operands, &words, 0, true, hello, {}}).serve();
  }

  base::OwnPages memory_;  // the runner's as well
  std::thread runner_;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Cluster> cluster_;
};

// Where the team takes all processors and the master works on one of them. Before the process is bound to its share.
int team_to_sleep(const mpi::NodeMemory& node, const base::CoreShare& share, const Options& options) {
  if (options.master_computes || node.ranks().front() != 0 || waiting_is_told()) return 0;
  const int threads = threads_for(share, options);
  return threads > 1 && threads >= omp_get_num_procs() ? omp_get_num_procs() + 1 : 0;
}

}  // namespace

std::unique_ptr<Crew> lead(mpi::Communicator& comm, const Options& options, const Manifest* self) {
  return std::make_unique<MpiCrew>(comm, options, self);
}

std::unique_ptr<Crew> lead_alone(const Options& options, const Manifest* self) { return std::make_unique<LoneCrew>(options, self); }

void serve(mpi::Communicator& comm, const Options& options, const Manifest* self) {
  LauncherWatch watch(launcher(), end_without_launcher);
  if (comm.broadcast("") != kGoOn) return;
  mpi::NodeMemory node(comm, memory_for(options));
  std::string door = comm.broadcast("");
  base::CoreShare share = share_of_node(comm, options);
  const int sleepers = team_to_sleep(node, share, options);
  wire::Hello hello = take_up(share, options);
  auto link = make_link(comm, node, 1);
  plugin::Shelf shelf(options.cache, options.cxx);
  runner::Plugins plugins(shelf, self, mpi::baton_of_process());
  LastWords words(comm.rank(), hello.host, door, false);
  if (!node.data().empty()) hello.leader = node.ranks().front();
  hello.node_memory = node.data().size();
  runner::Operands operands({node.data(), hello.leader == 0, false});
  std::function<void()> close_output;
  runner::Runner runner(
      {link.get(), &mpi::baton_of_process(), &plugins, &operands, &words, 0, mpi::may_use_threads(), hello, [&] { close_output(); }, sleepers});
  std::function<void(std::string)> forward;
  if (mpi::may_use_threads()) forward = [&](std::string lines) { runner.print(std::move(lines)); };
  Output output(options.tag_output ? fmt::format("[{} {}] ", comm.rank(), hello.host) : "", forward);  // goes before the runner it speaks by
  close_output = [&] { output.close(); };
  try {
    runner.serve();
  } catch (const std::exception& error) {  // what follows is collective, and the master does not know
    fmt::print(stderr, "gluster: the runner on rank {} ({}) cannot go on, which ends the run: {}\n", comm.rank(), hello.host, error.what());
    std::fflush(nullptr);
    comm.abort(EXIT_FAILURE);
  }
}

}  // namespace gluster::entry
