// Whoever waits: the first of them moves messages for all.
#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/quick_clock.hpp"
#include "master/engine.hpp"

namespace gluster {
namespace {

constexpr std::chrono::microseconds kShortRest{1000};  // while something is to be done that nobody rings for

std::chrono::microseconds time_until(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) return std::chrono::microseconds::max();
  return std::chrono::ceil<std::chrono::microseconds>(std::max(deadline - Clock::now(), Clock::duration::zero()));
}

}  // namespace

// With the baton held.
bool Engine::move_on() {
  if (!link_) return false;  // it is over
  return link_->poll(dispatcher_);
}

void Engine::turn() {
  if (!try_with_baton([&] { return move_on(); })) std::this_thread::yield();
}

bool Engine::wait(bool (*ready)(void*), void* context, Clock::time_point deadline) {
  bool computes = work_ && deadline == Clock::time_point::max();
  if (!trace_) return wait_here(ready, context, deadline, computes);
  auto begin = Clock::now();
  bool is_ready = wait_here(ready, context, deadline, computes);
  trace_->waited(begin, Clock::now());
  return is_ready;
}

bool Engine::wait_here(bool (*ready)(void*), void* context, Clock::time_point deadline, bool computes) {
  bool calls_back = callbacks_.run_here();
  if (calls_back) computes = false;
  while (!ready(context)) {
    if (calls_back && callbacks_.run_one()) continue;  // what it waits for may follow one of these
    if (deadline != Clock::time_point::max() && Clock::now() >= deadline) {
      turn();  // a loop around a wait_for(0) comes to an end
      return ready(context);
    }
    if (computes && compute()) continue;
    if (closed_.load()) {  // only a callback can still end something
      std::this_thread::sleep_for(kHelperPeriod);
      continue;
    }
    if (polled_.exchange(true)) {  // somebody else moves messages: until it leaves, or something ends
      std::unique_lock lock(waiting_mutex_);
      ++followers_;
      auto longest = calls_back ? kHelperPeriodBesideAWaiter : std::chrono::milliseconds(100);
      if (polled_.load() && !ready(context)) waiting_.wait_until(lock, std::min(deadline, Clock::now() + longest));
      --followers_;
      continue;
    }
    lead(ready, context, deadline, calls_back, computes);
  }
  return true;
}

// The master's own runner is asked how it is, and told to end, as others are.
void Engine::answer() {
  if (computing_.exchange(true)) return;
  work_();
  computing_.store(false);
}

// Runs a call on this thread, if there is one that nobody else has and no other thread of the master's is at it. The others' messages move meanwhile: this thread
// is not the one that is relied on for that.
bool Engine::compute() {
  if (closed_.load() || computing_.exchange(true)) return false;
  struct Leave {
    std::atomic<bool>* computing;
    ~Leave() { computing->store(false); }
  } leave{&computing_};
  auto with_work = [&](auto what) {
    return with([&](auto& dispatcher) {
      take_inbox();
      return link_ != nullptr && what(dispatcher);
    });
  };
  if (!with_work([](auto& dispatcher) { return dispatcher.give_to(0); })) return false;
  do {
    work_();
    turn();
  } while (with_work([](auto& dispatcher) { return dispatcher.roster().at(0).calls != 0; }));
  return true;
}

// Moves messages for everybody, until its own wish has come true; leaves that to another then, also when MPI fails.
void Engine::lead(bool (*ready)(void*), void* context, Clock::time_point deadline, bool calls_back, bool computes) {
  struct Leave {
    Engine* engine;
    ~Leave() {
      engine->polled_.store(false);
      engine->tell_waiters();
      if (engine->helper_rests_.load()) engine->wake_helper();
    }
  } leave{this};
  leader_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (closed_.load()) return;
  struct Wish {
    Engine* engine;
    bool (*ready)(void*);
    void* context;
    bool calls_back;
    // Or something else that this thread must do first.
    bool has_come() const { return engine->closed_.load() || ready(context) || (calls_back && engine->callbacks_.are_waiting()); }
    static bool ends_rest(void* it) {
      auto* wish = static_cast<Wish*>(it);
      return wish->engine->inbox_full_.load() || wish->has_come();
    }
  } wish{this, ready, context, calls_back};
  base::Backoff backoff(link_->longest_rest());
  Clock::time_point glanced{};  // before what comes now had come: to read the clock then would take time from a call
  auto is_still = [&] {
    glanced = base::quick_now();
    return link_->is_still() && !inbox_full_.load(std::memory_order_relaxed);
  };
  while (!wish.has_come() && (deadline == Clock::time_point::max() || Clock::now() < deadline)) {
    bool busy = false, unbalanced = false, unsent = false, may_compute = false;
    bool moved = try_with_baton(
        [&] {
          dispatcher_.set_willing(computes && !computing_.load());
          bool some = move_on();
          unbalanced = link_ && dispatcher_.balance();
          dispatcher_.set_willing(false);
          may_compute = computes && dispatcher_.has_queued();
          busy = link_ && link_->busy();
          unsent = link_ && !link_->drained();
          return some;
        },
        std::exchange(glanced, {}));
    if (may_compute && !computing_.load()) return;
    if (work_) answer();
    if (moved) backoff.reset();
    else if (busy) backoff.wait_briefly();
    else if (auto rest = backoff.wait(is_still); rest.count() != 0)
      link_->rest(std::min({rest, time_until(deadline), unsent || unbalanced ? kShortRest : rest}), Wish::ends_rest, &wish);
  }
}

bool Engine::wait_until(Clock::time_point deadline, const std::function<bool()>& ready) {
  struct Context {
    Engine* engine;
    const std::function<bool()>* ready;
  } context{this, &ready};
  auto test = [](void* it) {
    auto* at = static_cast<Context*>(it);
    std::lock_guard lock(*at->engine->baton_);
    return (*at->ready)();
  };
  return wait_here(test, &context, deadline, false);
}

}  // namespace gluster
