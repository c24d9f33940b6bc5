#include "master/dispatcher.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/host.hpp"
#include "base/log.hpp"
#include "base/quick_clock.hpp"

namespace gluster::master {
namespace {

using wire::Outcome;
using wire::Word;

constexpr std::chrono::microseconds kBalancePeriod{500};

std::chrono::nanoseconds since_epoch(Clock::time_point time) { return time.time_since_epoch(); }

}  // namespace

Dispatcher::Dispatcher(wire::Link& link, Roster roster, std::size_t memory)
    : link_(&link), roster_(std::move(roster)), shares_(link, roster_, memory, [this] { return jobs_.number(); }) {}

// --- calls ---------------------------------------------------------------------------------------------------------

void Dispatcher::submit(JobPointer job) {
  if (!drained_.empty()) return finish_unsent(job, drained_);
  if (!queue_.empty()) {  // nobody overtakes, but by priority
    queue_.push(std::move(job));
    return send_queued();
  }
  int rank = pick(*job);
  if (rank < 0) return queue_.push(std::move(job));
  give(std::move(job), rank, false);
  // Small calls travel together, but never more of them wait here than the runner has in hand.
  std::size_t gathered = link_->gathered(rank);
  if (2 * gathered >= static_cast<std::size_t>(roster_.at(rank).calls)) link_->flush();
}

Shares::Loan Dispatcher::lend(std::uint64_t bytes, std::uint64_t of_call) {
  if (!queue_.empty() || unless_for_master(roster_.pick(of_call)) < 0) return {};
  return shares_.lend(bytes);
}

void Dispatcher::send_queued() {
  while (!queue_.empty()) {
    int rank = pick(*queue_.front());
    if (rank < 0) return;
    give(queue_.pop(), rank, true);
  }
}

bool Dispatcher::give_to(int rank) {
  if (queue_.empty() || roster_.at(rank).standing != Standing::kServing) return false;
  give(queue_.pop(), rank, true);
  return true;
}

bool Dispatcher::balance() {
  review_kept();
  if (!queue_.empty() || jobs_.size() < 2 || (roster_.idle() == 0 && !willing_) || !roster_.may_be_overloaded()) return !kept_.empty();
  Clock::time_point time = now();
  if (time - balanced_ < kBalancePeriod) return true;
  balanced_ = time;
  if (int rank = roster_.overloaded(time); rank >= 0) take_one_back(rank);
  return true;
}

// The one that was sent last, for it would be run last.
void Dispatcher::take_one_back(int rank) {
  JobState* last = nullptr;
  jobs_.for_each([&](JobState& job) {
    const JobState::Call& call = job.call;
    if (call.runner == rank && !call.leaving && (last == nullptr || call.number > last->call.number)) last = &job;
  });
  if (last == nullptr || last->call.recalled) return;  // one at a time
  if (!last->call.sent_out) {                          // it waits here for what is to be at its runner first
    forget_held(last->shared_from_this());
    return queue_again(release(last->call));
  }
  last->call.recalled = true;
  link_->send(rank, wire::frame_of(Word::kCancel, last->call.number));
}

// It was taken back before it began.
void Dispatcher::queue_again(const JobPointer& job) {
  JobState::Call& call = job->call;
  call.recalled = call.sent_out = false;
  call.runner = -1;
  if (!drained_.empty()) return finish_unsent(job, drained_);
  queue_.push_front(job);
  send_queued();
}

int Dispatcher::pick(const JobState& job) { return unless_for_master(pick_any(job)); }

// One call is left for a master that computes, unless somebody has nothing to do.
int Dispatcher::unless_for_master(int rank) const {
  bool is_last = queue_.size() < 2;
  return rank >= 0 && is_last && roster_.has_on_request() && roster_.at(rank).calls > 0 ? -1 : rank;
}

int Dispatcher::pick_any(const JobState& job) {
  if (job.call.objects.empty()) return roster_.pick(job.call.bytes);
  return roster_.pick(job.call.bytes, [&](int rank) {
    return std::all_of(job.call.objects.begin(), job.call.objects.end(), [&](std::uint64_t object) { return shares_.is_at(object, rank); });
  });
}

void Dispatcher::give(JobPointer job, int rank, bool waited) {
  JobState::Call& call = job->call;
  call.runner = rank;
  call.on = roster_.at(rank).info.get();
  if (!kept_.empty() && roster_.at(rank).is_beside_master() && roster_.at(rank).calls != 0) send_kept();  // nobody overtakes
  roster_.give(rank, call.bytes, waited ? now() : call.queued);
  const JobPointer& given = jobs_.add(std::move(job));
  advance(given, waited);
}

void Dispatcher::advance(const JobPointer& job, bool waited) {
  JobState::Call& call = job->call;
  Shipment& shipment = offer(images_[call.kernel->image], call.runner);
  if (shipment.stage == Shipment::Stage::kFailed) return finish(release(call), std::make_exception_ptr(PluginError(shipment.failure)));
  if (shipment.stage != Shipment::Stage::kReady) return shipment.held.push_back(job);
  for (std::uint64_t object : call.objects) switch (shares_.ask(object, call.runner)) {
      case Shares::Where::kThere: continue;
      case Shares::Where::kComing: return shares_.hold(object, call.runner, job);
      case Shares::Where::kNoRoom:
        return finish(release(call), std::make_exception_ptr(UsageError(fmt::format(
                                         "{} on rank {} ({}): the host has no room for the shared data that it names: share less, or in parts",
                                         call.kernel->name, call.runner, call.on->host))));
      case Shares::Where::kNotInMemory:
        return finish(release(call),
                      std::make_exception_ptr(UsageError(
                          fmt::format("{} on rank {} ({}): the shared data that it names found no room in that host's node memory, which is required",
                                      call.kernel->name, call.runner, call.on->host))));
    }
  if (lets_data_leave(call, kept_.size() + 1)) return kept_.push_back(job);
  send_call(job, waited);
}

void Dispatcher::send_call(const JobPointer& job, bool waited) {
  JobState::Call& call = job->call;
  if (call.is_batch) job->goes_out(roster_.at(call.runner).is_beside_master());
  wire::Frame frame{call.is_batch ? Word::kBatch : Word::kCall, static_cast<std::uint16_t>(call.attempt), call.number, &call.frame, nullptr};
  call.sent = waited ? std::max(base::quick_now(), call.queued) : call.queued;  // two threads' clocks may differ by 100 ns
  call.sent_out = true;
  call.leaving = !wire::is_small(frame);
  if (call.leaving) frame.owner = job;
  link_->send(call.runner, std::move(frame));
}

// The runner has room for another. The job is whoever ends it's now.
Dispatcher::JobPointer Dispatcher::release(const JobState::Call& call) {
  roster_.take_back(call.runner, call.bytes);
  return jobs_.take(call.number);
}

// Once a turn: to read the clock takes a tenth of what a call does.
Clock::time_point Dispatcher::now() {
  if (now_ == Clock::time_point()) now_ = base::quick_now();
  return now_;
}

void Dispatcher::finish(const JobPointer& job, std::exception_ptr error) {
  if (job->call.leaving) {
    leaving_.insert_or_assign(job->call.number, Leaving{job, std::move(error)});
    return;
  }
  job->call.finished = std::max(now(), job->call.started + std::chrono::nanoseconds(job->call.compute_nanoseconds));
  ++ended_;
  if (trace_ != nullptr) trace_->ended(job->call, error != nullptr);
  job->end(std::move(error));
}

void Dispatcher::left(int, const wire::Frame& frame) {
  if (frame.word == Word::kShareData) {
    wire::Relay::left(frame);
    return review_kept();
  }
  if (frame.word != Word::kCall && frame.word != Word::kBatch) return;
  // Not by number: its result may be arriving already.
  auto job = std::const_pointer_cast<JobState>(std::static_pointer_cast<const JobState>(frame.owner));
  job->call.leaving = false;
  review_kept();
  if (auto over = leaving_.extract(frame.number); !over.empty()) finish(job, over.mapped().error);
}

void Dispatcher::forget_held(const JobPointer& job) {
  std::erase(images_[job->call.kernel->image].at(job->call.runner).held, job);
  std::erase(kept_, job);
  shares_.forget(job);
}

bool Dispatcher::cancel(const JobPointer& job) {
  if (job->ended() || job->call.cancelled) return false;
  auto cancelled = std::make_exception_ptr(Cancelled(fmt::format("{} was cancelled", job->call.kernel->name)));
  if (queue_.erase(job)) {
    finish(job, cancelled);
    return true;
  }
  bool is_given = jobs_.find(job->call.number) != nullptr;  // else its value is arriving
  if (!is_given && job->call.has_outputs) return false;     // in memory that is not the job's
  if (is_given && !job->call.sent_out) {
    forget_held(job);
    finish(release(job->call), cancelled);
    send_queued();
    return true;
  }
  job->call.cancelled = true;
  if (is_given) link_->send(job->call.runner, wire::frame_of(Word::kCancel, job->call.number));
  if (!job->call.has_outputs) finish(job, cancelled);  // else when nobody writes any more
  return false;
}

void Dispatcher::cancel_queued(const std::string& why) {
  while (!queue_.empty()) finish_unsent(queue_.pop(), why);
}

void Dispatcher::finish_unsent(const JobPointer& job, const std::string& why) {
  finish(job, std::make_exception_ptr(Cancelled(fmt::format("{} was not sent: {}", job->call.kernel->name, why))));
}

// A runner begins them in the order they were sent: the first that it has is running.
void Dispatcher::drain(const std::string& why) {
  drained_ = why;
  cancel_queued(why);
  std::map<int, std::uint64_t> first;  // by runner
  std::vector<JobPointer> given;
  jobs_.for_each([&](JobState& job) {
    given.push_back(job.shared_from_this());
    if (!job.call.sent_out) return;
    auto at = first.try_emplace(job.call.runner, job.call.number).first;
    at->second = std::min(at->second, job.call.number);
  });
  for (const JobPointer& job : given) {
    JobState::Call& call = job->call;
    if (!call.sent_out) {
      forget_held(job);
      queue_again(release(call));
    } else if (call.number != first[call.runner] && !call.leaving && !std::exchange(call.recalled, true)) {
      link_->send(call.runner, wire::frame_of(Word::kCancel, call.number));
    }
  }
}

void Dispatcher::abandon(const std::string& why) {
  cancel_queued(why);
  auto cancelled = [&](const JobPointer& job) {
    return std::make_exception_ptr(Cancelled(fmt::format("{} was given up: {}", job->call.kernel->name, why)));
  };
  std::vector<JobPointer> given;
  jobs_.for_each([&](JobState& job) { given.push_back(job.shared_from_this()); });
  kept_.clear();
  for (const JobPointer& job : given) jobs_.take(job->call.number)->end(cancelled(job));
  for (auto& [number, over] : std::exchange(leaving_, {})) over.job->end(over.error);
}

std::string Dispatcher::running_at(int rank) const {
  const JobState* first = nullptr;
  jobs_.for_each([&](const JobState& job) {
    if (job.call.runner == rank && job.call.sent_out && (first == nullptr || job.call.number < first->call.number)) first = &job;
  });
  return first == nullptr ? "" : first->call.kernel->name;
}

// --- the rest ------------------------------------------------------------------------------------------------------

void Dispatcher::on_share_done(int rank, const wire::ShareDone& done) {
  if (shares_.is_copy(done) && !std::exchange(told_of_copies_, true))
    base::log().warn("{} has no room in node memory for some shared data: each rank there that needs it keeps a copy", roster_.at(rank).info->host);
  for (const JobPointer& job : shares_.done(rank, done)) advance(job, true);
}

void Dispatcher::ping() {
  wire::Ping ping{since_epoch(Clock::now()).count()};
  for (int rank : roster_.ranks())
    if (roster_.at(rank).standing == Standing::kServing) link_->send(rank, wire::frame_of(Word::kPing, jobs_.number(), ping));
}

void Dispatcher::ask_runners() {
  Clock::time_point now = Clock::now();
  wire::Ping ping{since_epoch(now).count()};
  for (int rank : roster_.ranks()) {
    Roster::Runner& runner = roster_.at(rank);
    if (runner.standing != Standing::kServing) continue;
    if (runner.counters == nullptr) {
      link_->send(rank, wire::frame_of(Word::kPing, jobs_.number(), ping));
      continue;
    }
    note(runner, runner.counters->look(since_epoch(now).count()));
    runner.status.memory = base::resident_memory(runner.info->pid);
    runner.status.load = base::load_average();
  }
}

void Dispatcher::note(Roster::Runner& runner, wire::Counters::Seen seen) {
  runner.answered = Clock::now();
  runner.status.kernel = std::move(seen.kernel);
  runner.status.calls_done = seen.calls_done;
  runner.status.busy_seconds = static_cast<double>(seen.busy) * 1e-9;
  runner.status.bytes_in = seen.bytes_in + runner.lent_in;
  runner.status.bytes_out = seen.bytes_out + runner.lent_out;
}

void Dispatcher::stop() {
  for (int rank : roster_.ranks())
    if (roster_.at(rank).standing == Standing::kServing) link_->send(rank, wire::frame_of(Word::kStop, jobs_.number()));
}

void Dispatcher::on_hello(int rank, wire::Hello hello) {
  auto info = std::make_shared<RunnerInfo>(
      RunnerInfo{rank, hello.host, hello.cores, hello.threads, hello.architecture, hello.os, hello.cpu, hello.program, hello.pid});
  Roster::Runner& runner = roster_.at(rank);
  runner.status.rank = rank;
  runner.status.host = info->host;
  runner.info = std::move(info);
  runner.standing = Standing::kServing;
  runner.leader = hello.leader;
  runner.node_memory = hello.node_memory;
  runner.counters = link_->counters_of(rank);
  send_queued();
}

void Dispatcher::on_pong(int rank, const wire::Pong& pong) {
  Clock::time_point now = Clock::now();
  roster_.set_clock(rank, std::chrono::nanoseconds(pong.sent), std::chrono::nanoseconds(pong.here), since_epoch(now));
  Roster::Runner& runner = roster_.at(rank);
  note(runner, {pong.kernel, pong.calls_done, pong.busy, pong.bytes_in, pong.bytes_out});
  runner.status.memory = pong.memory;
  runner.status.load = pong.load;
}

void Dispatcher::control(wire::Incoming& frame) {
  auto read = [&](auto message) {
    wire::open(frame.in, message);
    frame.in.finish();
    return message;
  };
  switch (frame.head.word) {
    case Word::kHello: return on_hello(frame.rank, read(wire::Hello{}));
    case Word::kPong: return on_pong(frame.rank, read(wire::Pong{}));
    case Word::kPluginReady: return on_ready(frame.rank, read(wire::PluginReady{}).image);
    case Word::kPluginWanted: return on_wanted(frame.rank, read(wire::PluginWanted{}));
    case Word::kShareDone: return on_share_done(frame.rank, read(wire::ShareDone{}));
    case Word::kGoodbye: roster_.at(frame.rank).standing = Standing::kGone; return;
    default: throw DataError(fmt::format("rank {} said word {}, which a runner does not say", frame.rank, static_cast<int>(frame.head.word)));
  }
}

void Dispatcher::opened(wire::Incoming& frame) {
  auto keep = [&](auto message) {  // it may be large
    wire::open(frame.in, *message);
    frame.target = std::move(message);
  };
  switch (frame.head.word) {
    case Word::kResult: return open_result(frame);
    case Word::kPluginFailed: return keep(std::make_shared<wire::PluginFailed>());
    case Word::kOutput: return keep(std::make_shared<wire::Output>());
    default: return control(frame);
  }
}

void Dispatcher::arrived(std::unique_ptr<wire::Incoming>&& frame) {
  if (!frame->target) return;
  switch (frame->head.word) {
    case Word::kResult: return close_result(std::move(frame));
    case Word::kOutput: output_ += std::static_pointer_cast<wire::Output>(frame->target)->text; return;
    default: return on_failed(frame->rank, *std::static_pointer_cast<wire::PluginFailed>(frame->target));
  }
}

}  // namespace gluster::master
