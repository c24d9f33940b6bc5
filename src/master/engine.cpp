#include "master/engine.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "base/quick_clock.hpp"

namespace gluster {
namespace {

constexpr int kClockSamples = 3;

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
  dispatcher_.set_has_helper(parts.helper);
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
