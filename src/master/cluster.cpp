#include <gluster/cluster.hpp>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <mutex>
#include <numeric>

#include <fmt/format.h>

#include "base/copy.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/host.hpp"
#include "base/log.hpp"
#include "base/pages.hpp"
#include "data/journal.hpp"
#include "master/arguments.hpp"
#include "master/catalogue.hpp"
#include "master/engine.hpp"
#include "plugin/shelf.hpp"

namespace gluster {
namespace {

// Lends node memory to a call, which keeps it.
class LenderTo final : public master::Lender {
 public:
  LenderTo(const std::shared_ptr<Engine>& engine, JobState::Call& call) : engine_(&engine), call_(&call) {}
  std::optional<SharedRef> lend(const Segment& block) override {
    auto ref = take(block.bytes, call_->bytes + block.bytes);
    if (!ref) return std::nullopt;
    base::copy(place(*ref), static_cast<const std::byte*>(block.data), block.bytes);
    call_->bytes += block.bytes;
    return ref;
  }
  std::optional<SharedRef> lend_for(const SharedRef& output) override {
    auto ref = take(output.bytes, call_->bytes);
    if (ref) call_->loans->outputs.push_back({reinterpret_cast<void*>(output.begin), place(*ref), output.bytes});
    return ref;
  }

 private:
  std::byte* place(const SharedRef& ref) const { return (*engine_)->memory().data() + ref.offset; }
  std::optional<SharedRef> take(std::uint64_t bytes, std::uint64_t of_call) {
    const auto loan = (*engine_)->lend(bytes, of_call);
    if (loan.offset == kNowhere) return std::nullopt;
    std::shared_ptr<const void> holder(nullptr, [engine = *engine_, object = loan.object](std::nullptr_t) { engine->release(object); });
    if (!call_->loans) call_->loans = std::make_unique<JobState::Loans>();
    call_->loans->held.push_back(std::move(holder));
    return SharedRef{loan.object, loan.offset, 0, bytes};
  }

  const std::shared_ptr<Engine>* engine_;
  JobState::Call* call_;
};

}  // namespace

struct Cluster::State {
  explicit State(const Options& options)
      : memory_required(options.memory_required), told_of_memory(options.memory == 0U), shelf(options.cache, options.cxx), journal(options.journal) {}

  bool memory_required;
  std::mutex sharing;   // one array at a time is given its place
  bool told_of_memory;  // that there is too little; also who wanted none

  std::mutex importing;  // one import at a time
  plugin::Shelf shelf;
  master::Catalogue catalogue;
  std::filesystem::path journal;  // of maps that name none
  std::map<std::filesystem::path, std::shared_ptr<data::Journal>> journals;
  std::mutex journaling;                                       // for these
  std::map<std::string, std::uint32_t> images;                 // by identity: the same bytes are one image
  std::vector<std::shared_ptr<const plugin::Library>> loaded;  // entries point into them
};

Cluster::Cluster(std::shared_ptr<Engine> engine, const Options& options) : engine_(std::move(engine)), state_(std::make_unique<State>(options)) {
  if (options.memory_required) engine_->with([](auto& dispatcher) { dispatcher.shares().require_memory(); });
}
Cluster::~Cluster() {
  for (auto& [path, journal] : state_->journals) try {
      if (journal) journal->close(engine_->is_draining() ? "the run was ended early, in order" : "the program has ended");
    } catch (const std::exception& error) {  // whoever waited for what is missing has met it
      base::log().debug("{}", error.what());
    }
}

int Cluster::workers() const {
  return engine_->with([](auto& dispatcher) { return dispatcher.roster().workers(); });
}

void Cluster::import_functions(const std::filesystem::path& file) {
  std::lock_guard lock(state_->importing);
  std::filesystem::path path = std::filesystem::absolute(file).lexically_normal();
  state_->catalogue.stem_for(path);  // before anything slow
  plugin::Shelved shelved = state_->shelf.take(path);
  if (state_->catalogue.has(path, shelved.identity)) return;
  auto [at, is_new] = state_->images.try_emplace(shelved.identity, 0);
  if (is_new)
    at->second = engine_->with([&](auto& dispatcher) {
      wire::Plugin plugin{0, shelved.stem, shelved.path, shelved.digest, shelved.identity, shelved.source, base::cpu_model(), false};
      return dispatcher.add_image({std::move(plugin), shelved.object_bytes, shelved.source_text});
    });
  state_->loaded.push_back(shelved.library);
  state_->catalogue.add(path, shelved.identity, *shelved.library, at->second, shelved.source.empty() ? shelved.digest : shelved.source);
}

void Cluster::import_table(const Manifest& manifest) {
  std::lock_guard lock(state_->importing);
  std::filesystem::path path = base::program_path();
  auto library = plugin::Library::of(manifest, path.string());
  std::string identity = library->fingerprint();
  if (state_->catalogue.has(path, identity)) return;
  std::uint32_t image = engine_->with([&](auto& dispatcher) {
    auto nothing = std::make_shared<const std::string>();
    return dispatcher.add_image({{0, plugin::stem_of(path), path.string(), identity, identity, "", "", true}, nothing, nothing});
  });
  state_->loaded.push_back(library);
  state_->catalogue.add(path, identity, *library, image);
}

bool Cluster::keeps_journal(const MapOptions& options) const { return !options.journal.empty() || !state_->journal.empty(); }

std::shared_ptr<detail::Journaled> Cluster::open_journal(const KernelEntry& kernel, const MapOptions& options, detail::InputsDigest& inputs,
                                                         std::int64_t items) {
  std::lock_guard lock(state_->journaling);
  auto path = std::filesystem::absolute(options.journal.empty() ? state_->journal : options.journal).lexically_normal();
  auto& journal = state_->journals[path];
  if (!journal) journal = data::Journal::open(path, {base::host_name(), base::program_path(), ::getpid(), std::time(nullptr)});
  // A kernel of the program itself is as old as the program.
  std::string version = kernel.version.empty() ? base::sha256(base::read_file(base::program_path())) : kernel.version;
  return std::make_shared<detail::Journaled>(journal->next_map({kernel.name, kernel.signature->text(), version, inputs.finish(), items}));
}

const KernelEntry& Cluster::kernel(std::string_view name) const { return state_->catalogue.find(name); }

void Cluster::check(const KernelEntry& kernel, const Signature& wanted) const { master::check_signature(kernel, wanted); }

void Cluster::submit(const std::shared_ptr<JobState>& job, const KernelEntry& kernel, std::span<const detail::Argument> arguments,
                     const Type& result) {
  JobState::Call& call = job->call;
  call.kernel = &kernel;
  LenderTo lender(engine_, call);
  master::encode_call(kernel, arguments, result, call.frame, engine_->may_lend() ? &lender : nullptr);
  for (const Segment& segment : call.frame.segments) call.bytes += segment.bytes;
  for (const detail::Argument& argument : arguments)
    if (argument.kind == ArgumentKind::shared) call.objects.push_back(static_cast<const SharedRef*>(argument.value)->object);
  engine_->submit(job);
}

// Its pages are there when this returns: memory that is promised and cannot be had is found out here, and not by a signal.
std::shared_ptr<detail::SharedState> Cluster::make_shared_state(std::size_t bytes, const Type& type) {
  std::lock_guard lock(state_->sharing);
  if (engine_->is_over()) throw UsageError("nothing can be shared: the cluster has ended");
  auto reserved = engine_->reserve(bytes);
  std::span<std::byte> place;
  if (reserved.offset != kNowhere) {
    place = engine_->memory().subspan(reserved.offset, bytes);
    const auto reserve = engine_->memory_is_shared() ? base::reserve_shared_pages : base::reserve_pages;
    if (!reserve(place.data() + reserved.touched, bytes - reserved.touched)) {
      engine_->with([&](auto& dispatcher) { dispatcher.shares().leave_memory(reserved.object); });
      reserved.offset = kNowhere;
    }
  }
  if (reserved.offset != kNowhere)
    return std::make_shared<detail::SharedState>(detail::SharedState::Parts{engine_, &type, reserved.object, reserved.offset, place, nullptr});
  try {
    if (state_->memory_required && bytes != 0)
      throw UsageError(
          fmt::format("{} bytes do not fit into the node memory of all hosts (Options::memory, GLUSTER_MEMORY), which is required", bytes));
    if (bytes != 0 && !std::exchange(state_->told_of_memory, true))
      base::log().warn(
          "{} bytes do not fit into node memory: each rank that needs them keeps a copy; Options::memory or GLUSTER_MEMORY gives more, "
          "where /dev/shm has it",
          bytes);
    if (!base::has_room_for(bytes))
      throw UsageError(
          fmt::format("{} MiB are to be shared, and this host has {} MiB free: share them in parts", bytes >> 20, base::available_memory() >> 20));
    auto own = std::make_shared<Block<std::byte>>(bytes);
    std::span<std::byte> data(*own);
    return std::make_shared<detail::SharedState>(detail::SharedState::Parts{engine_, &type, reserved.object, kNowhere, data, std::move(own)});
  } catch (...) {
    engine_->release(reserved.object);
    throw;
  }
}

SharedRef detail::OutputClaims::claim(std::span<const std::byte> place) {
  auto [ref, array] = engine_->places.claim(place);
  std::lock_guard lock(mutex_);
  places_.push_back(place);
  if (array) arrays_.push_back(std::move(array));
  return ref;
}

void detail::OutputClaims::release() noexcept {
  std::vector<std::shared_ptr<const SharedState>> arrays;  // let go without the mutex
  std::lock_guard lock(mutex_);
  for (auto place : std::exchange(places_, {})) engine_->places.release(place);
  arrays.swap(arrays_);
}

std::unique_ptr<Fold> Cluster::fold_for(const KernelEntry& kernel, const KernelEntry& reduce, const Type& type, const MapOptions& options) const {
  auto refuse = [&](const std::string& why) { throw UsageError(fmt::format("{} cannot be reduced by {}: {}", kernel.name, reduce.name, why)); };
  if (reduce.code->fold == nullptr) refuse(fmt::format("it is {}, and must take two values of the type that it returns", reduce.signature->text()));
  if (reduce.image != kernel.image) refuse("both must be of one plugin");
  if (reduce.signature->result.text != type.text || kernel.signature->result.text != type.text)
    refuse(
        fmt::format("the first value is {}, the kernels return {} and {}", type.text, kernel.signature->result.text, reduce.signature->result.text));
  if (!options.journal.empty()) refuse("what is folded on the runners has no values that a journal could keep");
  if (options.on_error == OnError::collect) refuse("OnError::collect has no meaning where values become one");
  return reduce.code->fold();
}

std::uint32_t Cluster::fold_number(const KernelEntry& reduce) { return reduce.number + 1; }

std::vector<RunnerInfo> Cluster::runners() const {
  return engine_->with([](auto& dispatcher) { return dispatcher.roster().infos(); });
}

Status Cluster::status(std::chrono::milliseconds patience) {
  engine_->ask_runners(Clock::now() + patience);
  Status status;
  status.helper = engine_->has_helper();
  int drawing = 0;
  engine_->with([&](auto& dispatcher) {
    for (int rank : dispatcher.roster().ranks()) {
      const auto& runner = dispatcher.roster().at(rank);
      RunnerStatus& one = status.runners.emplace_back(runner.status);
      one.calls = runner.calls;
      drawing += runner.is_beside_master() ? 1 : 0;
      one.age = std::chrono::duration<double>(Clock::now() - runner.answered).count();
    }
  });
  status.text = status.helper ? "" : "no helper thread (MPI below MPI_THREAD_SERIALIZED): work moves only inside Gluster's calls\n";
  status.text += fmt::format("maps over indices or shared data: {} of {} runners draw from node memory, others are given their part with each call\n",
                             drawing, status.runners.size());
  for (const RunnerStatus& one : status.runners)
    status.text +=
        fmt::format("rank {} ({}): {} calls, {}{}, {} done, busy {:.1f} s, {} MiB in, {} MiB out, load {:.2f}, {} MiB, answered {:.1f} s ago\n",
                    one.rank, one.host, one.calls, one.kernel.empty() ? "idle" : "runs ", one.kernel, one.calls_done, one.busy_seconds,
                    one.bytes_in >> 20, one.bytes_out >> 20, one.load, one.memory >> 20, one.age);
  return status;
}

std::vector<KernelInfo> Cluster::kernels() const { return state_->catalogue.list(); }

void Cluster::use_host(std::string_view host) {
  bool found = engine_->with([&](auto& dispatcher) {
    bool is_there = dispatcher.roster().use_host(host);
    dispatcher.send_queued();
    return is_there;
  });
  if (!found) throw UsageError(fmt::format("there is no runner on a host called {}", host));
}

void Cluster::drain(std::string_view why) { engine_->drain(std::string(why)); }
bool Cluster::is_draining() const { return engine_->is_draining(); }

void Cluster::set_log_level(std::string_view level) { base::set_log_level(level); }

std::vector<Range> split(std::int64_t count, int parts) {
  if (count < 0 || parts < 1) throw UsageError(fmt::format("split: {} indices cannot be split in {} parts", count, parts));
  std::vector<Range> ranges;
  std::int64_t used = std::min<std::int64_t>(parts, count), begin = 0;
  for (std::int64_t part = 0; part < used; ++part) {
    std::int64_t end = begin + count / used + (part < count % used ? 1 : 0);
    ranges.push_back({begin, end});
    begin = end;
  }
  return ranges;
}

}  // namespace gluster
