#include <gluster/map.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "master/chunk_sizer.hpp"
#include "master/engine.hpp"
#include "master/ranges.hpp"
#include "master/ticket_word.hpp"
#include "wire/message.hpp"

namespace gluster::detail {
namespace {

constexpr std::uint64_t kResultsAhead = std::uint64_t{64} << 20;  // bytes of results that nobody has taken
constexpr int kChunksPerWorker = 3;                               // one runs, one waits there, one waits here
constexpr std::int64_t kMostTickets = 0xffffffff;                 // what the word holds

}  // namespace

void check_map(const KernelEntry& kernel, std::size_t own, std::span<const Argument> common, const Type& result, const MapOptions& options) {
  if (options.chunk < 0 || options.window < 0)
    throw UsageError(
        fmt::format("MapOptions: chunk ({}) and window ({}) are numbers of items; 0 leaves them to Gluster", options.chunk, options.window));
  const Signature& signature = *kernel.signature;
  if (own + common.size() != signature.parameters.size())
    throw UsageError(fmt::format("{}: an item gives {} argument{} and all items {} more, the kernel is {}", kernel.name, own, own == 1 ? "" : "s",
                                 common.size(), signature.text()));
  if (result.text != signature.result.text)
    throw UsageError(fmt::format("{}: the map expects {}, the kernel is {}", kernel.name, result.text, signature.text()));
}

namespace {

// A runner writes the first argument of one call again and again.
bool may_send_numbers(const KernelEntry& kernel, const Argument& own, std::span<const Argument> common) {
  Encoder scratch;
  ChunkWriter writer(kernel, 0, 0, scratch);
  writer.add(std::array{own}, common);  // says what is wrong
  return scratch.segments.empty() && kernel.signature->parameters[0].scalar != Scalar::none;
}

}  // namespace

bool may_send_indices(const KernelEntry& kernel, const Indices& indices, std::span<const Argument> common) {
  if (indices.size() == 0) return true;
  std::int64_t last = indices.end - 1;
  return may_send_numbers(kernel, argument(&last), common);
}

bool may_send_elements(const KernelEntry& kernel, const Argument& any, std::span<const Argument> common) {
  return any.type->text == kernel.signature->parameters[0].text && may_send_numbers(kernel, any, common);
}

struct MapState::State : std::enable_shared_from_this<MapState::State> {
  explicit State(Parts given)
      : parts(std::move(given)),
        inputs(std::move(parts.inputs)),
        in_background(inputs->is_anyones() && parts.engine->has_helper()),
        all(inputs->numbers()),
        tickets(all > 0 && all <= kMostTickets ? TicketWord::make(parts.engine) : nullptr),
        sizer(parts.options.chunk) {}

  Parts parts;  // but its inputs
  const std::shared_ptr<Inputs> inputs;
  const bool in_background;                   // chunks are made on the cluster's callback thread too
  const std::int64_t all;                     // inputs known by their numbers; -1: they are none
  const std::shared_ptr<TicketWord> tickets;  // null: chunks are cut here
  std::atomic<bool> owner_waits = false;      // who asks for results sees to everything itself
  std::atomic<std::uint64_t> collected = 0;
  std::mutex mutex;          // for what follows
  std::exception_ptr error;  // of a chunk that could not be made while the owner was away
  master::ChunkSizer sizer;
  std::map<std::size_t, std::shared_ptr<Chunk>> under_way;  // by their number
  std::map<std::size_t, std::shared_ptr<Chunk>> done;       // by their first item
  std::shared_ptr<Ended> ended = std::make_shared<Ended>();
  std::size_t last = 0;          // chunk's number
  std::size_t issued = 0;        // items, those that were drawn when last looked at
  std::size_t items_done = 0;    // that nobody has taken
  master::Ranges taken;          // items
  std::uint64_t bytes_done = 0;  // of results that nobody has taken
  bool exhausted = false;        // no more chunks are made
  bool cancelled = false;

  // Items below it may be sent.
  std::size_t limit() const {
    std::int64_t most = tickets ? all : std::numeric_limits<std::int64_t>::max();
    auto had = static_cast<std::int64_t>(taken.size());
    if (parts.options.window > 0 && parts.options.window < most - had) most = had + parts.options.window;
    return static_cast<std::size_t>(most);
  }
  bool may_issue() const {
    if (exhausted || bytes_done >= kResultsAhead || issued >= limit()) return false;
    return !tickets || under_way.size() < limit() - taken.size() - items_done;  // each finds something to draw
  }
  std::int64_t next_size(int workers) const {
    std::int64_t remaining = tickets ? all - static_cast<std::int64_t>(issued) : inputs->remaining();
    return std::min(sizer.next(remaining, workers), static_cast<std::int64_t>(limit() - issued));
  }
  std::shared_ptr<Chunk> make_chunk();
  void send(std::shared_ptr<Chunk> chunk, ChunkWriter& writer);
  void issue(std::int64_t most, int workers);
  void issue_range(std::size_t first, std::size_t count);
  void fill();
  void look_at_tickets();
  void end_tickets();
  bool recover();
  void collect(std::size_t number);
  void collect_all();
  void advance_in_background() noexcept;
  std::shared_ptr<Chunk> take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at);
};

std::shared_ptr<Chunk> MapState::State::make_chunk() {
  auto chunk = parts.make_chunk(parts.engine);
  chunk->folded = parts.fold != 0;
  chunk->call.kernel = parts.kernel;
  chunk->call.is_batch = true;
  chunk->call.priority = parts.options.priority;
  return chunk;
}

void MapState::State::send(std::shared_ptr<Chunk> chunk, ChunkWriter& writer) {
  JobState::Call& call = chunk->call;
  writer.close();
  call.objects = writer.objects();
  std::sort(call.objects.begin(), call.objects.end());
  call.objects.erase(std::unique(call.objects.begin(), call.objects.end()), call.objects.end());
  for (const Segment& segment : call.frame.segments) call.bytes += segment.bytes;
  std::size_t number = ++last;
  chunk->on_end([queue = ended, number, weak = weak_from_this()] {
    queue->push(number);
    auto state = weak.lock();
    if (state && state->in_background && !state->owner_waits.load()) state->parts.engine->call_back([state] { state->advance_in_background(); });
  });
  parts.engine->submit(chunk);
  under_way.emplace(number, std::move(chunk));  // nobody collects it meanwhile: that takes the mutex
}

void MapState::State::issue(std::int64_t most, int workers) {
  std::shared_ptr<Chunk> chunk = make_chunk();
  ChunkWriter writer(*parts.kernel, issued, parts.fold, chunk->call.frame);
  // A kernel may still read what all items have in common when the map itself is gone.
  auto kept = std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<Inputs>>>(nullptr, inputs);
  chunk->kept = kept;
  if (tickets) {
    inputs->write_numbers(writer, 0, static_cast<std::uint32_t>(most));
    writer.draw(tickets->offset(), parts.options.chunk > 0 ? 0 : sizer.shares(workers));
    chunk->draws = tickets;
    chunk->count = writer.count();
    return send(std::move(chunk), writer);
  }
  kept->first = inputs->write(writer, static_cast<std::size_t>(most));
  chunk->set_range(issued, writer.count());
  if (chunk->count == 0) return void(exhausted = true);
  issued += chunk->count;
  send(std::move(chunk), writer);
}

// Numbers that are known already.
void MapState::State::issue_range(std::size_t first, std::size_t count) {
  std::shared_ptr<Chunk> chunk = make_chunk();
  ChunkWriter writer(*parts.kernel, first, parts.fold, chunk->call.frame);
  inputs->write_numbers(writer, first, static_cast<std::uint32_t>(count));
  chunk->kept = inputs;
  chunk->set_range(first, writer.count());
  send(std::move(chunk), writer);
}

void MapState::State::fill() {
  if (exhausted) return;
  int workers = std::max(1, parts.engine->with([](auto& dispatcher) { return dispatcher.roster().workers(); }));
  look_at_tickets();
  try {
    parts.engine->expect_running(*parts.kernel);  // else inputs in node memory are gone
    while (may_issue() && under_way.size() < static_cast<std::size_t>(kChunksPerWorker * workers)) issue(next_size(workers), workers);
  } catch (...) {  // the caller's input is wrong
    exhausted = true;
    throw;
  }
}

// How far they are, and how far they may go now.
void MapState::State::look_at_tickets() {
  if (!tickets) return;
  issued = std::max<std::size_t>(issued, tickets
                                             ->with([&](base::Tickets& word) {
                                               if (!exhausted) word.allow(static_cast<std::uint32_t>(limit()));
                                               return base::Tickets::Range{word.drawn(), 0};
                                             })
                                             .first);
}

void MapState::State::end_tickets() {
  if (!tickets) return;
  tickets->with([](base::Tickets& word) {
    word.close();
    return base::Tickets::Range();
  });
}

// What was drawn and has not come, though nothing is under way, goes out as an ordinary call. False: there is no such thing.
bool MapState::State::recover() {
  if (!tickets || cancelled) return false;
  look_at_tickets();
  std::size_t first = taken.first_gap(), end = taken.end_of_first_gap(done.empty() ? issued : std::min(issued, done.begin()->first));
  if (first >= end) return false;
  issue_range(first, end - first);
  return true;
}

// A chunk has ended.
void MapState::State::collect(std::size_t number) {
  ++collected;
  auto at = under_way.find(number);
  std::shared_ptr<Chunk> chunk = std::move(at->second);
  under_way.erase(at);
  chunk->close();
  if (cancelled) return;
  if (chunk->draws) {  // it failed before anybody knew what it would draw: that is its share of the error
    base::Tickets::Range range = tickets->with([&](base::Tickets& word) { return word.draw(chunk->count, 0); });
    chunk->set_range(range.first, range.count);
  }
  if (chunk->count == 0) return;
  if (!chunk->has_failed() ||
      !chunk->failures.empty()) {  // else it was cancelled, perhaps, and its result is still to come: that writes in its notes
    chunk->bytes_held = chunk->call.result_bytes;
    sizer.ended(chunk->count, chunk->call.compute_nanoseconds, chunk->bytes_held + chunk->call.frame.body.size() + chunk->call.bytes);
  }
  bytes_done += chunk->bytes_held;
  items_done += chunk->count;
  if (parts.options.on_error == OnError::stop && chunk->has_failed() && !std::exchange(exhausted, true)) end_tickets();
  std::size_t first = chunk->first;
  done.emplace(first, std::move(chunk));
}

void MapState::State::collect_all() {
  while (auto number = ended->pop()) collect(*number);
}

void MapState::State::advance_in_background() noexcept {
  std::lock_guard lock(mutex);
  if (owner_waits.load()) return;
  try {
    collect_all();
    fill();
  } catch (...) {
    error = std::current_exception();
  }
}

std::shared_ptr<Chunk> MapState::State::take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at) {
  std::shared_ptr<Chunk> chunk = std::move(at->second);
  done.erase(at);
  taken.add(chunk->first, chunk->count);
  items_done -= chunk->count;
  bytes_done -= chunk->bytes_held;
  return chunk;
}

MapState::MapState(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {
  std::lock_guard lock(state_->mutex);
  state_->fill();
}

MapState::~MapState() {
  if (!state_) return;
  cancel();
  std::map<std::size_t, std::shared_ptr<Chunk>> left;
  {
    std::lock_guard lock(state_->mutex);
    left = state_->under_way;
  }
  for (auto& [first, chunk] : left) chunk->wait(Clock::time_point::max());
}

OnError MapState::on_error() const noexcept { return state_->parts.options.on_error; }

void MapState::cancel() noexcept {
  std::lock_guard lock(state_->mutex);
  state_->exhausted = state_->cancelled = true;
  state_->end_tickets();
  state_->done.clear();
  for (auto& [first, chunk] : state_->under_way) {
    try {
      chunk->cancel();
    } catch (const std::exception&) {  // MPI has failed: whoever waits meets it
    }
  }
}

std::shared_ptr<Chunk> MapState::next(bool in_order) {
  State& state = *state_;
  struct Here {
    State* state;
    explicit Here(State& its) : state(&its) { state->owner_waits.store(true); }
    ~Here() { state->owner_waits.store(false); }
  } here(state);
  struct Context {
    State* state;
    std::uint64_t collected;
  } context{&state, 0};
  for (;;) {
    {
      std::lock_guard lock(state.mutex);
      if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
      state.collect_all();
      state.fill();
      auto first = state.done.begin();
      if (first != state.done.end() && (!in_order || first->first == state.taken.first_gap())) return state.take(first);
      if (state.under_way.empty() && !state.recover()) return nullptr;
      context.collected = state.collected.load();
    }
    auto ready = [](void* it) {
      auto* seen = static_cast<Context*>(it);
      return !seen->state->ended->empty() || seen->state->collected.load() != seen->collected;
    };
    state.parts.engine->wait(ready, &context, Clock::time_point::max());
  }
}

}  // namespace gluster::detail
