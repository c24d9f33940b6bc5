// A map's chunks have come: to the journal, to whoever wants them.
#include <utility>

#include "master/map_state.hpp"

namespace gluster::detail {
namespace {

constexpr std::chrono::seconds kProgressPeriod{1};  // a journal is told how far it is

}  // namespace

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
void MapState::State::with_journal(const std::function<void()>& what) {
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

}  // namespace gluster::detail
