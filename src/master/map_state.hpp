#pragma once
#include <gluster/map.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>

#include "master/chunk_sizer.hpp"
#include "master/engine.hpp"
#include "master/ranges.hpp"
#include "master/ticket_word.hpp"

namespace gluster::detail {

constexpr std::uint64_t kResultsAhead = std::uint64_t{64} << 20;  // bytes of results that nobody has taken
constexpr int kChunksPerWorker = 3;                               // one runs, one waits there, one waits here
constexpr std::chrono::milliseconds kPatience{4};                 // with a chunk that should take a millisecond
constexpr std::int64_t kMostTickets = 0xffffffff;                 // what the word holds
constexpr std::size_t kOnDisk = 0;                                // no chunk's number: more of the journal is on disk

// What a map has sent, what has come of it and what nobody has taken yet. `map_making` makes chunks, `map_results` takes them back; MapState itself, `map`, waits.
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
  void with_journal(const std::function<void()>& what);
  void advance_in_background() noexcept;
  void cancel_under_way() noexcept;
  std::shared_ptr<Chunk> take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at);
};

}  // namespace gluster::detail
