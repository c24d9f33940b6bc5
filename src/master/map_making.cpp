// A map makes its chunks, and sends them.
#include <algorithm>

#include "master/map_state.hpp"

namespace gluster::detail {
namespace {

constexpr std::chrono::milliseconds kMaking{1};  // inputs of one chunk, where the user's own code makes them

}  // namespace

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

}  // namespace gluster::detail
