#include <gluster/map.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <limits>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "master/chunk_sizer.hpp"
#include "master/engine.hpp"
#include "master/ranges.hpp"
#include "master/ticket_word.hpp"

namespace gluster::detail {
namespace {

constexpr std::uint64_t kResultsAhead = std::uint64_t{64} << 20;  // bytes of results that nobody has taken
constexpr int kChunksPerWorker = 3;                               // one runs, one waits there, one waits here
constexpr std::chrono::milliseconds kMaking{1};                   // inputs of one chunk, where the user's own code makes them
constexpr std::chrono::milliseconds kPatience{4};                 // with a chunk that should take a millisecond
constexpr std::int64_t kMostTickets = 0xffffffff;                 // what the word holds
constexpr std::chrono::seconds kProgressPeriod{1};                // a journal is told how far it is
constexpr std::size_t kOnDisk = 0;                                // no chunk's number: more of the journal is on disk

}  // namespace

struct MapState::State : std::enable_shared_from_this<MapState::State> {
  explicit State(Parts given)
      : parts(std::move(given)),
        inputs(std::move(parts.inputs)),
        in_background(inputs->is_anyones() && parts.engine->has_helper()),
        patience(parts.options.chunk > 0 ? std::chrono::milliseconds(0) : kPatience),
        all(inputs->numbers()),
        tickets(all > 0 && all <= kMostTickets ? TicketWord::make(parts.engine) : nullptr),
        sizer(parts.options.chunk) {
    if (parts.journal) inputs->leave_out(parts.journal, parts.each_input);
  }

  Parts parts;  // but its inputs
  const std::shared_ptr<Inputs> inputs;
  const bool in_background;                   // chunks are made on the cluster's callback thread too
  const std::chrono::nanoseconds patience;    // with a chunk that runs; 0: without end
  const std::int64_t all;                     // inputs known by their numbers; -1: they are none
  const std::shared_ptr<TicketWord> tickets;  // null: chunks are cut here
  std::atomic<bool> owner_waits = false;      // who asks for results sees to everything itself
  std::atomic<std::uint64_t> collected = 0;
  std::mutex mutex;             // for what follows
  std::exception_ptr error;     // of a chunk that could not be made or sent: everybody meets it
  std::exception_ptr ended_by;  // what a range threw: comes after the items before
  master::ChunkSizer sizer;
  std::map<std::size_t, std::shared_ptr<Chunk>> under_way;  // by their number
  std::map<std::size_t, std::shared_ptr<Chunk>> done;       // by their first item
  struct Unsaved {
    std::uint64_t number;  // of its last record
    std::shared_ptr<Chunk> chunk;
  };
  std::deque<Unsaved> unsaved;  // done, and given out when the journal has them on disk
  std::uint64_t values = 0, failures = 0;
  Clock::time_point begun = Clock::now(), told = begun;
  struct Rest {
    std::uint32_t count;
    std::shared_ptr<Chunk> of;  // null: they follow from their numbers
    std::uint32_t item;         // of that
  };
  std::map<std::size_t, Rest> rests;  // by their first item: were drawn or sent once, and have to go out again
  std::shared_ptr<Ended> ended = std::make_shared<Ended>();
  std::size_t last = 0;          // chunk's number
  std::size_t issued = 0;        // items, those that were drawn when last looked at
  std::size_t items_sent = 0;    // in chunks under way, as many as were asked for
  std::size_t items_left = 0;    // in rests
  std::size_t items_done = 0;    // that nobody has taken
  master::Ranges taken;          // items
  std::uint64_t bytes_done = 0;  // of results that nobody has taken
  std::uint64_t item_bytes = 0;  // of a result, the last time
  bool exhausted = false;        // no more inputs are taken
  bool cancelled = false;
  bool dropped = false;  // the run is being ended: what was to be run has not been

  // Items below it may be sent.
  std::size_t limit() const {
    std::int64_t most = tickets ? all : std::numeric_limits<std::int64_t>::max();
    auto had = static_cast<std::int64_t>(taken.size());
    if (parts.options.window > 0 && parts.options.window < most - had) most = had + parts.options.window;
    return static_cast<std::size_t>(most);
  }
  bool may_issue() const {
    if (exhausted || issued >= limit()) return false;
    return !tickets || under_way.size() < limit() - taken.size() - items_done;  // each finds something to draw
  }
  // Every item has been given out.
  bool is_complete() const {
    if (dropped || !rests.empty() || !done.empty()) return false;
    return tickets ? taken.size() == static_cast<std::size_t>(all) : exhausted || inputs->remaining() == 0;
  }
  // There is a place for one more chunk, and for its results; those that come earlier than others which are there already always have one.
  bool has_room(int workers) const {
    auto chunks = static_cast<int>(under_way.size());
    if (chunks >= kChunksPerWorker * workers) return false;
    if (!rests.empty()) return true;
    if (bytes_done >= kResultsAhead) return false;
    return chunks < workers || bytes_done + items_sent * item_bytes < kResultsAhead;
  }
  std::uint32_t next_size(int workers) const {
    std::int64_t remaining = tickets ? all - static_cast<std::int64_t>(issued) : inputs->remaining();
    return static_cast<std::uint32_t>(sizer.next(remaining < 0 ? remaining : remaining + static_cast<std::int64_t>(items_left), workers));
  }
  int workers() const {
    return std::max(1, parts.engine->with([](auto& dispatcher) { return dispatcher.roster().workers(); }));
  }

  std::shared_ptr<Chunk> make_chunk();
  ChunkWriter writer_for(Chunk& chunk, std::size_t first) {
    ChunkWriter writer(*parts.kernel, first, parts.fold, patience, chunk.call.frame);
    if (parts.each_input) writer.want_inputs();
    return writer;
  }
  void send(std::shared_ptr<Chunk> chunk, ChunkWriter& writer, std::shared_ptr<void> kept);
  void issue(int workers);
  void issue_draw(std::uint32_t most, int workers);
  void issue_rest(std::uint32_t most);
  void add_rest(std::size_t first, Rest rest) {
    items_left += rest.count;
    rests.emplace(first, std::move(rest));
  }
  bool make_one(int workers);
  std::shared_ptr<Chunk> advance(bool in_order);
  void look_at_tickets();
  void end_tickets();
  bool recover();
  void collect(std::size_t number);
  void collect_all();
  void finish(std::shared_ptr<Chunk> chunk);
  void give_out_saved();
  void tell_journal(bool at_once);
  template <class F>
  void with_journal(F&& what);
  void advance_in_background() noexcept;
  void cancel_under_way() noexcept;
  std::shared_ptr<Chunk> take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at);
};

std::shared_ptr<Chunk> MapState::State::make_chunk() {
  auto chunk = parts.make_chunk(parts.engine);
  chunk->journal = parts.journal;
  chunk->folded = parts.fold != 0;
  chunk->call.kernel = parts.kernel;
  chunk->call.is_batch = true;
  chunk->call.priority = parts.options.priority;
  return chunk;
}

void MapState::State::send(std::shared_ptr<Chunk> chunk, ChunkWriter& writer, std::shared_ptr<void> kept) {
  JobState::Call& call = chunk->call;
  writer.close();
  chunk->count = writer.count();
  chunk->places = writer.take_places();
  chunk->inputs = writer.take_inputs();
  // A kernel may still read what all items have in common when the map itself is gone.
  chunk->kept = std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<Inputs>>>(std::move(kept), inputs);
  call.objects = writer.objects();
  std::sort(call.objects.begin(), call.objects.end());
  call.objects.erase(std::unique(call.objects.begin(), call.objects.end()), call.objects.end());
  for (const Segment& segment : call.frame.segments) call.bytes += segment.bytes;
  chunk->asked = chunk->count;
  std::size_t number = ++last;
  chunk->on_end([queue = ended, number, weak = weak_from_this()] {
    queue->push(number);
    auto state = weak.lock();
    if (state && state->in_background && !state->owner_waits.load()) state->parts.engine->call_back([state] { state->advance_in_background(); });
  });
  parts.engine->submit(chunk);
  items_sent += chunk->asked;
  under_way.emplace(number, std::move(chunk));  // nobody collects it meanwhile: that takes the mutex
}

// The next inputs. One that cannot be sent is an item that has failed.
void MapState::State::issue(int workers) {
  auto most = static_cast<std::uint32_t>(std::min<std::size_t>(next_size(workers), limit() - issued));
  if (tickets) return issue_draw(most, workers);
  std::shared_ptr<Chunk> chunk = make_chunk();
  ChunkWriter writer = writer_for(*chunk, issued);
  if (!inputs->is_anyones() && parts.options.chunk == 0) writer.set_deadline(Clock::now() + kMaking);
  try {
    inputs->write(writer, most);
  } catch (...) {
    if (issued == 0 && writer.count() == 0) throw;
    ended_by = std::current_exception();
  }
  if (writer.count() != 0) {
    chunk->set_range(issued, writer.count());
    issued += writer.count();
    send(std::move(chunk), writer, writer.kept());
  } else if (!writer.error()) {
    exhausted = true;
  }
  if (ended_by) exhausted = true;
  if (!writer.error()) return;
  std::shared_ptr<Chunk> failed = make_chunk();
  failed->set_error(issued++, writer.error());
  finish(std::move(failed));
}

void MapState::State::issue_draw(std::uint32_t most, int workers) {
  std::shared_ptr<Chunk> chunk = make_chunk();
  ChunkWriter writer = writer_for(*chunk, issued);
  inputs->write_numbers(writer, 0, most);
  writer.draw(tickets->offset(), parts.options.chunk > 0 ? 0 : sizer.shares(workers));
  chunk->draws = tickets;
  send(std::move(chunk), writer, nullptr);
}

void MapState::State::issue_rest(std::uint32_t most) {
  auto at = rests.begin();
  auto [first, rest] = *at;
  std::uint32_t count = std::min(most, rest.count);
  std::shared_ptr<Chunk> chunk = make_chunk();
  ChunkWriter writer = writer_for(*chunk, first);
  if (rest.of) writer.repeat(*rest.of, rest.item, count);
  else inputs->write_numbers(writer, first, count);
  chunk->set_range(first, count);
  items_left -= count;
  rests.erase(at);
  if (count < rest.count) rests.emplace(first + count, Rest{rest.count - count, rest.of, rest.item + count});
  send(std::move(chunk), writer, rest.of);
}

// One more chunk. False: there is none to be made now.
bool MapState::State::make_one(int workers) {
  if (cancelled || parts.engine->is_draining() || (rests.empty() && exhausted) || !has_room(workers)) return false;
  try {
    parts.engine->expect_running(*parts.kernel);  // else inputs in node memory are gone
    look_at_tickets();
    if (!rests.empty()) return issue_rest(next_size(workers)), true;
    if (!may_issue()) return false;
    return issue(workers), true;
  } catch (...) {
    exhausted = true;
    error = std::current_exception();
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
  if (!tickets || cancelled || !unsaved.empty() || parts.engine->is_draining()) return false;
  look_at_tickets();
  std::size_t first = taken.first_gap(), end = taken.end_of_first_gap(done.empty() ? issued : std::min(issued, done.begin()->first));
  if (first >= end) return false;
  add_rest(first, {static_cast<std::uint32_t>(end - first), nullptr, 0});
  issue_rest(static_cast<std::uint32_t>(end - first));
  return true;
}

// A chunk has ended.
void MapState::State::collect(std::size_t number) {
  ++collected;
  if (number == kOnDisk) return give_out_saved();
  auto at = under_way.find(number);
  std::shared_ptr<Chunk> chunk = std::move(at->second);
  under_way.erase(at);
  items_sent -= chunk->asked;
  chunk->close();
  if (cancelled) return;
  if (parts.engine->is_draining() && chunk->was_cancelled()) return void(dropped = true);
  if (chunk->draws) {  // it failed before anybody knew what it would draw: that is its share of the error
    base::Tickets::Range range = tickets->with([&](base::Tickets& word) { return word.draw(chunk->count, 0); });
    chunk->set_range(range.first, range.count);
  }
  if (chunk->count == 0) return;
  if (!chunk->has_failed() ||
      !chunk->failures.empty()) {  // else it was cancelled, perhaps, and its result is still to come: that writes in its notes
    chunk->bytes_held = chunk->call.result_bytes;
    item_bytes = chunk->bytes_held / chunk->count;
    sizer.ended(chunk->count, chunk->call.compute_nanoseconds, chunk->bytes_held + chunk->call.frame.body.size() + chunk->call.bytes);
  }
  if (chunk->left != 0) {
    add_rest(chunk->first + chunk->count, {chunk->left, all >= 0 ? nullptr : chunk, chunk->count});
    sizer.was_cut();
  }
  finish(std::move(chunk));
}

// It is there for whoever wants it.
void MapState::State::finish(std::shared_ptr<Chunk> chunk) {
  bytes_done += chunk->bytes_held;
  items_done += chunk->count;
  if (parts.options.on_error == OnError::stop && chunk->has_failed() && !std::exchange(exhausted, true)) end_tickets();
  std::size_t first = chunk->first;
  if (!parts.journal) return void(done.emplace(first, std::move(chunk)));
  const std::size_t failed = !chunk->has_failed() ? 0 : chunk->failures.empty() ? chunk->count : chunk->failures.size();
  failures += failed;
  values += chunk->count - failed;
  if (failed == chunk->count) {
    with_journal([&] { tell_journal(false); });
    return void(done.emplace(first, std::move(chunk)));
  }
  with_journal([&] {
    std::uint64_t record = parts.journal->add(*chunk);
    unsaved.push_back({record, std::move(chunk)});
    tell_journal(false);
  });
}

void MapState::State::give_out_saved() {
  if (unsaved.empty()) return;
  std::uint64_t saved = 0;
  with_journal([&] { saved = parts.journal->saved(); });
  for (; !unsaved.empty() && unsaved.front().number <= saved; unsaved.pop_front()) {
    std::size_t first = unsaved.front().chunk->first;
    done.emplace(first, std::move(unsaved.front().chunk));
  }
}

// What it throws, everybody meets: nothing that comes after it could be kept.
template <class F>
void MapState::State::with_journal(F&& what) {
  try {
    what();
  } catch (...) {
    error = std::current_exception();
    exhausted = true;
    unsaved.clear();
    end_tickets();
    throw;
  }
}

void MapState::State::tell_journal(bool at_once) {
  const Clock::time_point now = Clock::now();
  if (!at_once && now - told < kProgressPeriod) return;
  told = now;
  std::string runners = parts.engine->with([](auto& dispatcher) { return dispatcher.roster().text(); });
  parts.journal->tell(parts.journal->size() + values, failures, std::chrono::duration<double>(now - begun).count(), runners);
}

void MapState::State::collect_all() {
  while (auto number = ended->pop()) collect(*number);
}

void MapState::State::advance_in_background() noexcept {
  std::lock_guard lock(mutex);
  if (owner_waits.load() || error) return;
  try {
    collect_all();
    while (make_one(workers())) collect_all();
  } catch (...) {  // kept
  }
}

// The next chunk to be taken, if it is there. Making others may take as long as the user's range likes: one at most is made while there is one to be taken.
std::shared_ptr<Chunk> MapState::State::advance(bool in_order) {
  for (bool more = true; more;) {
    collect_all();
    more = make_one(workers());
    auto first = done.begin();
    if (first != done.end() && (!in_order || first->first == taken.first_gap())) return take(first);
  }
  return nullptr;
}

void MapState::State::cancel_under_way() noexcept {
  for (auto& [number, chunk] : under_way) {
    try {
      chunk->cancel();
    } catch (const std::exception&) {  // MPI has failed: whoever waits meets it
    }
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
  if (state_->parts.journal)
    state_->parts.journal->on_disk([map = std::weak_ptr(state_)] {
      auto state = map.lock();
      if (!state) return false;
      state->ended->push(kOnDisk);
      state->parts.engine->tell_waiters();
      return true;
    });
  std::lock_guard lock(state_->mutex);
  int workers = state_->workers();
  const std::size_t enough = static_cast<std::size_t>(workers) * (state_->inputs->is_anyones() ? kChunksPerWorker : 1);
  while (state_->under_way.size() < enough && state_->make_one(workers)) continue;
  auto first = state_->done.find(0);
  if (first != state_->done.end() && on_error() == OnError::stop) std::rethrow_exception(first->second->error_of(0));  // it cannot be sent
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
const Journaled* MapState::journal() const noexcept { return state_->parts.journal.get(); }

std::shared_ptr<Chunk> MapState::known(std::size_t index) const {
  auto chunk = state_->make_chunk();
  state_->parts.journal->open(index, *chunk);
  return chunk;
}

void MapState::cancel() noexcept {
  std::lock_guard lock(state_->mutex);
  state_->exhausted = state_->cancelled = true;
  state_->end_tickets();
  state_->done.clear();
  state_->unsaved.clear();  // they are in the journal all the same
  state_->rests.clear();
  state_->cancel_under_way();
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
      if (state.error) std::rethrow_exception(state.error);
      if (auto chunk = state.advance(in_order)) return chunk;
      if (state.under_way.empty() && !state.unsaved.empty()) state.parts.journal->hurry();
      if (state.tickets &&
          state.taken.size() == static_cast<std::size_t>(state.all)) {  // nobody waits for those that have nothing to draw: perhaps far away
        state.cancel_under_way();
        if (state.parts.journal) state.with_journal([&] { state.tell_journal(true); });
        return nullptr;
      }
      if (state.under_way.empty() && state.unsaved.empty() && !state.recover()) {
        if (state.parts.journal && !state.cancelled) state.with_journal([&] { state.tell_journal(true); });
        if (state.ended_by) std::rethrow_exception(state.ended_by);
        if (!state.cancelled && !state.is_complete() && state.parts.engine->is_draining())
          throw Cancelled(fmt::format("the map of {} was not ended: the run is being ended", state.parts.kernel->name));
        return nullptr;
      }
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
