#include "master/engine.hpp"

#include <pthread.h>

#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/quick_clock.hpp"

namespace gluster {
namespace {

constexpr std::chrono::milliseconds kHelperPeriod{1};  // shorter slows the user's own program down; 1 ms costs nothing measurable
constexpr std::chrono::milliseconds kHelperPeriodBesideAWaiter{5};
constexpr std::chrono::microseconds kShortRest{1000};  // while something is to be done that nobody rings for
constexpr int kTicksUntilRest = 50;
constexpr std::chrono::seconds kTrimAfter{1};
constexpr int kClockSamples = 3;

std::chrono::microseconds time_until(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) return std::chrono::microseconds::max();
  return std::chrono::ceil<std::chrono::microseconds>(std::max(deadline - Clock::now(), Clock::duration::zero()));
}

}  // namespace

Engine::Engine(Parts parts)
    : link_(std::move(parts.link)),
      baton_(parts.baton),
      work_(std::move(parts.work)),
      memory_(parts.memory),
      memory_is_shared_(parts.memory_is_shared),
      trace_(std::move(parts.trace)),
      dispatcher_(*link_, master::Roster(std::move(parts.runners), parts.credit), memory_.size()) {
  if (work_) dispatcher_.roster().set_on_request(0);
  dispatcher_.set_trace(trace_.get());
  if (parts.helper) helper_ = std::thread([this] { run_helper(); });
}

Engine::~Engine() { stop_threads(); }

void Engine::meet_runners() {
  wait_until(Clock::time_point::max(), [&] { return dispatcher_.roster().all(master::Standing::kServing); });
  for (int sample = 0; sample < kClockSamples; ++sample) {
    auto asked = Clock::now();
    with([](auto& dispatcher) { dispatcher.ping(); });
    wait_until(Clock::time_point::max(), [&] { return dispatcher_.roster().all_answered_since(asked); });
  }
  may_lend_.store(memory_is_shared_ && dispatcher_.shares().may_lend());
}

void Engine::ask_runners(Clock::time_point deadline) {
  auto asked = Clock::now();
  with([](auto& dispatcher) { dispatcher.ask_runners(); });
  wait_until(deadline, [&] { return dispatcher_.roster().all_answered_since(asked); });
}

std::string Engine::running_at(int rank, std::chrono::milliseconds patience) {
  if (!try_lock_baton(patience)) return "";
  std::lock_guard lock(*baton_, std::adopt_lock);
  return dispatcher_.running_at(rank);
}

bool Engine::try_lock_baton(std::chrono::microseconds patience) {
  if (baton_->try_lock()) return true;
  for (auto deadline = Clock::now() + patience; Clock::now() < deadline; std::this_thread::yield())
    if (baton_->try_lock()) return true;
  return false;
}

// --- jobs in ---------------------------------------------------------------------------------------------------------

template <class F>
bool Engine::try_with_baton(F&& what, Clock::time_point time) {
  if (!baton_->try_lock()) return false;
  bool result = false, printed = false, ended = false;
  {
    std::unique_lock lock(*baton_, std::adopt_lock);
    std::uint64_t before = dispatcher_.ended();
    dispatcher_.begin_turn(time);
    take_inbox();
    result = what();
    printed = dispatcher_.has_output();
    ended = dispatcher_.ended() != before;
  }
  // Whoever filled the inbox meanwhile did not get the baton, and relies on this.
  while (inbox_full_.load() && baton_->try_lock()) {
    std::unique_lock lock(*baton_, std::adopt_lock);
    take_inbox();
    ended = true;  // perhaps: a call whose plugin has failed ends at once
  }
  if (ended || (result && followers_.load() != 0)) tell_waiters();  // some wait for other things than jobs
  if (printed) print();
  return result;
}

// Jobs have ended. Not with the baton: who waits may want it while it looks.
void Engine::tell_waiters() {
  if (polled_.load() && leader_.load() != std::this_thread::get_id())
    with([&](auto&) {
      if (link_) link_->wake();
    });
  if (followers_.load() == 0) return;
  std::lock_guard lock(waiting_mutex_);
  waiting_.notify_all();
}

// What kernels printed, to the master's own output, where no other stream can come between the parts of a line.
void Engine::print() {
  std::lock_guard turn(print_mutex_);
  std::string lines = with([](auto& dispatcher) { return dispatcher.take_output(); });
  std::fwrite(lines.data(), 1, lines.size(), stdout);
  std::fflush(stdout);
}

void Engine::expect_running(const KernelEntry& kernel) const {
  if (over_.load()) throw UsageError(fmt::format("{} cannot be run: the cluster has ended", kernel.name));
}

void Engine::submit(std::shared_ptr<JobState> job) {
  expect_running(*job->call.kernel);
  job->call.queued = base::quick_now();
  bool submitted = try_with_baton([&] {
    if (over_.load()) return false;
    dispatcher_.submit(std::move(job));
    return true;
  });
  if (!submitted) leave_in_inbox(std::move(job));
  if (helper_rests_.load()) wake_helper();
}

void Engine::leave_in_inbox(std::shared_ptr<JobState> job) {
  {
    std::lock_guard lock(inbox_mutex_);
    expect_running(*job->call.kernel);
    inbox_.push_back(std::move(job));
    inbox_full_.store(true);
    if (polled_.load()) link_->wake();  // whoever moves messages may sleep, while the baton is elsewhere
  }
  try_with_baton([] { return true; });
}

void Engine::take_inbox() {
  if (!inbox_full_.load()) return;
  std::vector<std::shared_ptr<JobState>> jobs;
  {
    std::lock_guard lock(inbox_mutex_);
    jobs.swap(inbox_);
    inbox_full_.store(false);
  }
  take_released();
  for (auto& job : jobs) dispatcher_.submit(std::move(job));
}

bool Engine::cancel(JobState& job) {
  if (job.ended()) return false;
  bool unsent = with([&](auto& dispatcher) {
    take_inbox();
    return dispatcher.cancel(job.shared_from_this());
  });
  tell_waiters();
  return unsent;
}

// --- messages --------------------------------------------------------------------------------------------------------

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

void Engine::run_helper() {
  pthread_setname_np(pthread_self(), "gluster-helper");
  try {
    for (int idle = 0; !stop_.load();) {
      if (polled_.load()) {
        rest_helper(kHelperPeriodBesideAWaiter);
        continue;
      }
      bool busy = false;
      try_with_baton([&] {
        bool moved = move_on();
        if (link_) dispatcher_.balance();
        busy = link_ && link_->busy();
        idle = moved || dispatcher_.open() != 0 ? 0 : idle + 1;
        return moved;
      });
      if (busy) continue;  // large data is on its way: it moves only while somebody looks
      BlockPool::of_process().trim(kTrimAfter);
      if (idle < kTicksUntilRest) rest_helper(kHelperPeriod);
      else idle = rest_helper_until_wanted();
    }
  } catch (const std::exception& error) {  // whoever waits next meets it as well, and can act
    base::log().error("messages no longer move by themselves: {}", error.what());
  }
}

void Engine::rest_helper(std::chrono::milliseconds time) {
  std::unique_lock lock(helper_mutex_);
  helper_wanted_.wait_for(lock, time, [&] { return stop_.load(); });
}

int Engine::rest_helper_until_wanted() {
  BlockPool::of_process().trim();
  helper_rests_.store(true);
  // A job that came before this is seen here; one that comes after it sees that the helper rests, and wakes it.
  if (with([](auto& dispatcher) { return dispatcher.open() != 0; })) helper_rests_.store(false);
  auto wanted = [&] { return stop_.load() || inbox_full_.load() || !helper_rests_.load(); };
  std::unique_lock lock(helper_mutex_);
  if (!helper_wanted_.wait_for(lock, kTrimAfter, wanted)) {
    lock.unlock();
    trim_loans();
    lock.lock();
    helper_wanted_.wait(lock, wanted);
  }
  helper_rests_.store(false);
  return 0;
}

void Engine::wake_helper() {
  std::lock_guard lock(helper_mutex_);
  helper_rests_.store(false);
  helper_wanted_.notify_one();
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Engine::drain(const std::string& why) {
  draining_.store(true);
  with([&](auto& dispatcher) {
    take_inbox();
    dispatcher.drain(why);
  });
  tell_waiters();
}

bool Engine::shut_down(Clock::time_point deadline) {
  bool is_first = false;
  {
    std::lock_guard lock(inbox_mutex_);
    is_first = !over_.exchange(true);
  }
  if (!is_first) return wait_for_end();
  with([&](auto& dispatcher) {
    take_inbox();
    dispatcher.cancel_queued("the cluster has ended");
  });
  tell_waiters();
  bool done = wait_until(deadline, [&] { return dispatcher_.under_way() == 0; });
  with([&](auto& dispatcher) {
    if (!done) dispatcher.abandon("the cluster has ended");
    dispatcher.stop();
  });
  tell_waiters();
  done = wait_until(deadline, [&] { return dispatcher_.roster().all(master::Standing::kGone) && link_->drained() && !link_->busy(); });
  stop_threads();
  print();
  if (trace_) trace_->write(with([](auto& dispatcher) { return dispatcher.roster().infos(); }));
  for (closed_.store(true); polled_.load(); std::this_thread::yield()) link_->wake();  // all that anybody waits for has ended
  {
    std::lock_guard lock(*baton_);
    if (done) link_.reset();  // while MPI still runs; else what it was sending may still be read
    else (void)link_.release();
  }
  end_.store(done ? End::kDone : End::kGivenUp);
  return done;
}

// Somebody else ends it. The callback thread cannot wait for that: it is waited for itself.
bool Engine::wait_for_end() {
  if (callbacks_.run_here()) return false;
  while (end_.load() == End::kOpen) std::this_thread::sleep_for(kHelperPeriod);
  return end_.load() == End::kDone;
}

void Engine::stop_threads() {
  stop_.store(true);
  if (helper_.joinable()) {
    wake_helper();
    helper_.join();
  }
  callbacks_.end();
}

}  // namespace gluster
