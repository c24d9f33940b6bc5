#include <gluster/map.hpp>

#include <fmt/format.h>

#include "master/map_state.hpp"

namespace gluster::detail {

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
