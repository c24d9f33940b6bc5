#include <gluster/job.hpp>

#include <gluster/cluster.hpp>

#include "base/log.hpp"
#include "master/engine.hpp"

namespace gluster {

JobState::~JobState() {
  if (!error_ || seen_ || !ended()) return;
  try {
    std::rethrow_exception(error_);
  } catch (const Cancelled&) {  // asked for
  } catch (const std::exception& error) {
    base::log().warn("nobody looked at this error: {}", error.what());
  } catch (...) {
    base::log().warn("nobody looked at an error that a callback threw");
  }
}

bool JobState::done() {
  if (!ended()) engine_->turn();
  return ended();
}

bool JobState::wait(Clock::time_point deadline) {
  return engine_->wait([](void* it) { return static_cast<JobState*>(it)->ended(); }, this, deadline);
}

bool JobState::cancel() {
  if (call.kernel != nullptr) return engine_->cancel(*this);
  Following before = Following::kWaits;
  if (following_.compare_exchange_strong(before, Following::kCancelled)) {
    end(std::make_exception_ptr(Cancelled("what follows a call was cancelled")));
    engine_->tell_waiters();
    return true;
  }
  if (before == Following::kRuns) following_.compare_exchange_strong(before, Following::kCancelled);
  return false;
}

bool JobState::begin_following() {
  Following before = Following::kWaits;
  return following_.compare_exchange_strong(before, Following::kRuns);
}

void JobState::end_following(std::exception_ptr error) {
  if (following_.exchange(Following::kOver) == Following::kCancelled)
    error = std::make_exception_ptr(Cancelled("what follows a call was cancelled while it ran"));
  end(std::move(error));
}

JobInfo JobState::info() {
  return engine_->with([&](auto&) {
    return JobInfo{call.sent_out ? call.runner : -1,
                   call.sent_out && call.on ? call.on->host : std::string(),
                   call.attempt,
                   call.queued,
                   call.sent,
                   call.started,
                   call.finished,
                   static_cast<double>(call.compute_nanoseconds) * 1e-9};
  });
}

void JobState::on_end(std::function<void()> what) {
  {
    std::lock_guard lock(mutex_);
    Stage before = Stage::kOpen;
    if (stage_.compare_exchange_strong(before, Stage::kHeard) || before == Stage::kHeard) return listeners_.push_back(std::move(what));
  }
  what();
}

void JobState::call_back(std::function<void()> what) { engine_->call_back(std::move(what)); }

void JobState::end(std::exception_ptr error) {
  if (ended()) return;
  error_ = std::move(error);
  ending();
  if (!call.cancelled || call.has_outputs) call.loans.reset();  // else it may be running
  if (stage_.exchange(Stage::kEnded) == Stage::kOpen) return;
  std::vector<std::function<void()>> listeners;
  {
    std::lock_guard lock(mutex_);  // who was heard last may not have written itself down yet
    listeners.swap(listeners_);
  }
  for (auto& listener : listeners) listener();
}

void JobState::keep_unfinished(std::shared_ptr<void> holder, Decoder& in) {
  holder_ = std::move(holder);
  unfinished_ = &in;
}

void JobState::expect_value() {
  wait(Clock::time_point::max());
  expect_value_now();
}

void JobState::expect_value_now() {
  if (!ended()) throw UsageError("this job has not ended yet");
  seen_ = true;
  if (error_) std::rethrow_exception(error_);
  if (taken_) throw UsageError("this job's value was taken before");
  taken_ = true;
  try {
    if (unfinished_ != nullptr) unfinished_->finish();
  } catch (...) {
    error_ = std::current_exception();
    throw;
  }
  holder_ = nullptr;
}

std::exception_ptr JobState::error_now() {
  seen_ = true;
  return error_;
}

namespace detail {

void Ended::push(std::size_t at) {
  std::lock_guard lock(mutex_);
  at_.push_back(at);
}

std::optional<std::size_t> Ended::pop() {
  std::lock_guard lock(mutex_);
  if (at_.empty()) return std::nullopt;
  std::size_t at = at_.front();
  at_.pop_front();
  return at;
}

bool Ended::empty() {
  std::lock_guard lock(mutex_);
  return at_.empty();
}

}  // namespace detail

std::size_t JobState::wait_next(detail::Ended& ended) {
  struct Context {
    detail::Ended* ended;
    std::optional<std::size_t> at;
  } context{&ended, {}};
  auto ready = [](void* it) {
    auto* found = static_cast<Context*>(it);
    if (!found->at) found->at = found->ended->pop();
    return found->at.has_value();
  };
  engine_->wait(ready, &context, Clock::time_point::max());
  return *context.at;
}

}  // namespace gluster
