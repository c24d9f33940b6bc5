// What becomes of a call's Result.
#include <atomic>

#include <fmt/format.h>

#include "base/copy.hpp"
#include "base/host.hpp"
#include "master/dispatcher.hpp"

namespace gluster::master {

using wire::Outcome;

struct Dispatcher::ResultTarget {
  JobPointer job;
  wire::ResultHead head;
  wire::Failure failure;
};

// The job that this frame is a result of; null when nobody waits for it: an old attempt, or another runner's.
Dispatcher::JobPointer Dispatcher::take_expected(const wire::Incoming& frame) {
  JobState* job = jobs_.find(frame.head.number);
  if (job == nullptr) return nullptr;
  const JobState::Call& call = job->call;
  bool is_it = call.sent_out && call.runner == frame.rank && call.attempt == frame.head.attempt;
  return is_it ? release(call) : nullptr;
}

void Dispatcher::open_result(wire::Incoming& frame) {
  ResultTarget target{take_expected(frame), {}, {}};
  if (!target.job) throw DataError(fmt::format("a result of call {} that nobody waits for", frame.head.number));
  const JobPointer& job = target.job;
  try {
    read_result(frame, target);
  } catch (const std::bad_alloc&) {
    fail(job, {"std::bad_alloc", "its result does not fit into the master's memory: return it in parts"}, Outcome::kRefused);
    send_queued();
    throw;
  } catch (const Error& error) {
    finish(job, std::make_exception_ptr(DataError(fmt::format("{}: its result is damaged: {}", job->call.kernel->name, error.what()))));
    send_queued();
    throw;
  } catch (...) {  // a value's own code
    finish(job, std::current_exception());
    send_queued();
    throw DataError(fmt::format("{}: its result could not be read", job->call.kernel->name));
  }
  if (!queue_.empty()) send_queued();  // the runner has room, though the value may still be on its way
  if (job->call.cancelled) return finish_cancelled(job);
  if (frame.head.segments != 0 || frame.in.is_unfinished()) frame.target = std::make_shared<ResultTarget>(std::move(target));
  else end_result(frame.in, target, nullptr);
}

// Its result has come, and nobody wants it.
void Dispatcher::finish_cancelled(const JobPointer& job) {
  job->call.loans.reset();
  if (job->call.has_outputs) finish(job, std::make_exception_ptr(Cancelled(fmt::format("{} was cancelled", job->call.kernel->name))));
}

void Dispatcher::read_result(wire::Incoming& frame, ResultTarget& target) {
  target.head = frame.in.get<wire::ResultHead>();
  JobState& job = *target.job;
  job.call.result_bytes = frame.head.body + frame.in.segment_bytes();
  if (job.call.loans) note_lent(job.call);
  note_times(job, target.head);
  if (job.call.cancelled) return;
  if (!base::has_room_for(frame.in.segment_bytes())) throw std::bad_alloc();
  if (target.head.outcome != static_cast<std::uint32_t>(Outcome::kValue)) return wire::open(frame.in, target.failure);
  job.open_value(frame.in);
  frame.in.expect_end();
}

void Dispatcher::close_result(std::unique_ptr<wire::Incoming> frame) {
  auto target = std::static_pointer_cast<ResultTarget>(std::exchange(frame->target, nullptr));
  Decoder& in = frame->in;
  end_result(in, *target, std::move(frame));
}

// All of it is here. What of a value has still to be read, its taker reads, outside the baton: for that `holder` is kept.
void Dispatcher::end_result(Decoder& in, const ResultTarget& target, std::shared_ptr<void> holder) {
  auto outcome = static_cast<Outcome>(target.head.outcome);
  if (target.job->call.cancelled) return target.job->call.loans.reset();
  if (outcome == Outcome::kDropped && target.job->call.recalled) return queue_again(target.job);
  if (outcome != Outcome::kValue) return fail(target.job, target.failure, outcome);
  if (in.is_unfinished()) target.job->keep_unfinished(std::move(holder), in);
  if (target.job->call.loans) take_outputs(*target.job->call.loans);
  finish(target.job, nullptr);
}

// They are wanted elsewhere than in node memory.
void Dispatcher::take_outputs(const JobState::Loans& loans) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (const JobState::Loans::Output& output : loans.outputs)
    base::copy(static_cast<std::byte*>(output.to), static_cast<const std::byte*>(output.from), output.bytes);
}

// What it was lent counts as what would have travelled.
void Dispatcher::note_lent(JobState::Call& call) {
  Roster::Runner& runner = roster_.at(call.runner);
  runner.lent_in += call.bytes;
  for (const Segment& segment : call.frame.segments) runner.lent_in -= segment.bytes;
  for (const JobState::Loans::Output& output : call.loans->outputs) {
    call.result_bytes += output.bytes;
    runner.lent_out += output.bytes;
  }
}

void Dispatcher::note_times(JobState& job, const wire::ResultHead& head) {
  if (head.started == 0) return;
  auto ahead = roster_.at(job.call.runner).ahead;
  job.call.started = Clock::time_point(std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(head.started) - ahead));
  job.call.compute_nanoseconds = head.compute;
  roster_.note_compute(job.call.runner, head.compute, now());
}

CallSite Dispatcher::site(const JobState& job) const { return {job.call.kernel->name, job.call.runner, job.call.on->host, job.call.attempt}; }

void Dispatcher::fail(const JobPointer& job, const wire::Failure& failure, Outcome outcome) {
  CallSite at = site(*job);
  std::string where = fmt::format("{} on rank {} ({}), attempt {}", at.kernel, at.rank, at.host, at.attempt);
  auto error = [&]() -> std::exception_ptr {
    if (outcome == Outcome::kDropped) return std::make_exception_ptr(Cancelled(where + " was cancelled"));
    if (outcome == Outcome::kThrew) {
      std::string what = fmt::format("{}, threw {}{}{}", where, failure.type, failure.message.empty() ? "" : ": ", failure.message);
      return std::make_exception_ptr(KernelError(what, at, failure.type, failure.message));
    }
    std::string what = fmt::format("{}, could not be run: {}", where, failure.message);
    if (failure.type == "gluster::DataError") return std::make_exception_ptr(DataError(what));
    if (failure.type == "gluster::PluginError") return std::make_exception_ptr(PluginError(what));
    return std::make_exception_ptr(UsageError(what));
  };
  finish(job, error());
}

}  // namespace gluster::master
