#include "runner/runner.hpp"

#include <malloc.h>
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/backoff.hpp"
#include "plugin/executor.hpp"

namespace gluster::runner {
namespace {

using wire::Word;

constexpr std::chrono::microseconds kRestWithUnsent{1000};  // nobody rings when there is room for it
constexpr std::int64_t kQuick = 2'000;                      // nanoseconds: results of kernels as short as this may wait for one another
constexpr std::size_t kMostGathered = 32;
constexpr std::int64_t kLong = 1'000'000;  // nanoseconds: a kernel after which 0.05 ms are well spent on its team, and that may want much memory
constexpr std::int64_t kIdleUntilHelperRests = 20'000'000;  // nanoseconds: to wake it costs a call

// Of one that has been answered so.
std::uint64_t calls_done(const wire::Incoming& call, const wire::ResultHead& head, const Encoder& result) {
  if (call.head.word != Word::kBatch) return 1;
  wire::BatchDone done{};
  if (head.outcome == static_cast<std::uint32_t>(wire::Outcome::kValue)) std::memcpy(&done, result.body.data() + sizeof head, sizeof done);
  return done.done;
}

}  // namespace

std::int64_t Runner::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A small one leaves at once, so `result` may stay where it is; a large one takes what is in it along.
wire::Frame Runner::result_frame(const wire::Head& call, Encoder& result) {
  wire::Frame frame{Word::kResult, call.attempt, call.number, &result, nullptr};
  if (wire::is_small(frame)) return frame;
  auto content = std::make_shared<Encoder>(std::move(result));
  frame.content = content.get();
  frame.owner = std::move(content);
  return frame;
}

Runner::Runner(Parts parts) : parts_(std::move(parts)), backoff_(parts_.link->longest_rest()), counters_(parts_.link->counters()) {}

Runner::~Runner() {
  stop_helper_.store(true);
  wake_helper();
  if (helper_.joinable()) helper_.join();
}

void Runner::begin() {
  std::lock_guard lock(*parts_.baton);
  parts_.link->send(parts_.master, wire::frame_of(Word::kHello, own_number(), parts_.hello));
}

bool Runner::work() {
  if (left_) return false;
  for (std::unique_ptr<wire::Incoming> work;;) {
    {
      std::lock_guard lock(*parts_.baton);
      look(work);
    }
    if (work) outgoing_ = run(*work);
    else if (!moved_) break;
  }
  if (!stopped_) return true;
  left_ = true;
  say(Word::kGoodbye);
  return false;
}

void Runner::serve() {
  if (parts_.helper) helper_ = std::thread([this] { run_helper(); });
  begin();
  std::unique_ptr<wire::Incoming> work;
  for (bool over = false; !over;) {
    if (std::unique_lock lock(*parts_.baton, std::try_to_lock); lock || !look_aside(work)) {
      working_.store(false);  // so the helper does not take it again
      if (!lock) lock.lock();
      look(work);
      over = stopped_ && !work;
    }
    if (work) outgoing_ = run(*work);
    else if (!moved_ && !over) idle();
  }
  leave();
}

bool Runner::look_aside(std::unique_ptr<wire::Incoming>& work) {
  {
    std::lock_guard lock(aside_.mutex);
    if (!aside_.next || !outgoing_) return false;
    if (!outgoing_->owner) {  // result_ is about to be used again
      auto content = std::make_shared<Encoder>(std::exchange(result_, {}));
      outgoing_->content = content.get();
      outgoing_->owner = std::move(content);
    }
    aside_.done.emplace_back(std::move(*outgoing_), std::exchange(work, std::move(aside_.next)));
    aside_.has_done.store(true);
  }
  outgoing_.reset();
  if (std::unique_lock lock(*parts_.baton, std::try_to_lock); lock) send_what_is_aside();  // else the helper does
  return true;
}

void Runner::send_what_is_aside() {
  if (!aside_.has_done.load()) return;
  decltype(aside_.done) done;
  {
    std::lock_guard lock(aside_.mutex);
    done.swap(aside_.done);
    aside_.has_done.store(false);
  }
  for (auto& [result, work] : done) {
    parts_.link->send(parts_.master, std::move(result));
    parts_.link->recycle(std::move(work));
  }
}

void Runner::look(std::unique_ptr<wire::Incoming>& work) {
  send_what_is_aside();
  if (aside_.next) ready_.push_front(std::move(aside_.next));
  if (outgoing_) parts_.link->send(parts_.master, std::move(*outgoing_));
  outgoing_.reset();
  if (!may_gather()) moved_ = parts_.link->poll(*this);
  busy_ = parts_.link->busy();
  unsent_ = !parts_.link->drained();
  if (work) parts_.link->recycle(std::move(work));  // after the result has gone
  if (ready_.empty()) return;
  work = std::move(ready_.front());
  ready_.pop_front();
}

// Results of very short kernels travel together, while more calls are in hand than results wait; the next call's kernel was short just now.
bool Runner::may_gather() const {
  if (ready_.empty() || last_compute_ > kQuick || !is_call(*ready_.front())) return false;
  if (ready_.front()->kernel != last_kernel_) return false;
  return parts_.link->gathered(parts_.master) < std::min(ready_.size(), kMostGathered);
}

wire::Frame Runner::run(wire::Incoming& frame) {
  backoff_.reset();
  idle_since_ = 0;
  working_.store(true, std::memory_order_relaxed);
  if (resting_.load() || busy_) wake_helper();
  wire::Frame answer;
  switch (frame.head.word) {
    case Word::kPlugin: answer = parts_.plugins->offered(*std::static_pointer_cast<wire::Plugin>(frame.target), frame.head.number); break;
    case Word::kPluginBytes: answer = parts_.plugins->received(*std::static_pointer_cast<wire::PluginBytes>(frame.target), frame.head.number); break;
    default: answer = run_call(frame); break;
  }
  return answer;
}

wire::Frame Runner::run_call(wire::Incoming& frame) {
  result_.clear();
  parts_.watch->begins(frame.kernel->c_str());
  bool again = frame.kernel == last_kernel_;
  counters_.begin(again ? std::string_view() : *frame.kernel,
                  again && last_compute_ < kQuick ? 0 : now());  // the clock takes a tenth of a quick call
  plugin::execute(*frame.invocation, frame.in, result_);
  parts_.watch->ended();
  wire::ResultHead head;
  std::memcpy(&head, result_.body.data(), sizeof head);
  counters_.end(calls_done(frame, head, result_), head.compute, frame.head.body + frame.in.segment_bytes(),
                std::accumulate(result_.segments.begin(), result_.segments.end(), std::uint64_t{result_.body.size()},
                                [](std::uint64_t sum, const Segment& segment) { return sum + segment.bytes; }));
  last_kernel_ = frame.kernel;
  last_compute_ = head.compute;
  if (last_compute_ > kLong) patience_.wanted(now() - last_compute_);
  team_spins_ = parts_.team_to_sleep != 0 && last_compute_ > kLong;
  return result_frame(frame.head, result_);
}

// libgomp's threads spin for some milliseconds after a kernel, in case there is another region. Beside a master that takes the core on which the
// next call's arguments would move: a transfer of 0.5 ms took 4 or 8 (ticks of the kernel's) more in every other call. They spin for a hundred turns only while
// there are more of them than processors (libgomp's manual, GOMP_SPINCOUNT): a region of so many sends them to sleep, and the next kernel's own regions spin as ever.
void Runner::let_team_sleep() {
  std::atomic<int> met = 0;  // GCC leaves out a region without a body
#pragma omp parallel num_threads(parts_.team_to_sleep)
  ++met;
}

// Nothing came: rest, and when that has lasted give back what memory is kept warm.
void Runner::idle() {
  if (std::exchange(team_spins_, false)) let_team_sleep();
  if (busy_) return backoff_.wait_briefly();
  auto rest = backoff_.wait([&] { return parts_.link->is_still(); });
  if (rest.count() == 0) return;
  if (unsent_) rest = std::min(rest, kRestWithUnsent);
  parts_.link->rest(
      rest, [](void* it) { return static_cast<Runner*>(it)->print_unsent_.exchange(false); }, this);
  if (idle_since_ == 0) idle_since_ = now();
  if (idle_since_ < 0) return;
  if (now() - idle_since_ > kIdleUntilHelperRests) resting_.store(true);
  if (now() - idle_since_ < patience_.length()) return;
  BlockPool::of_process().trim();
  ::malloc_trim(0);
  {
    std::lock_guard lock(*parts_.baton);
    parts_.link->trim();
  }
  {
    std::lock_guard lock(helper_mutex_);
    trim_helper_ = true;
    helper_wanted_.notify_one();
  }
  patience_.gave_back(now());
  idle_since_ = -1;  // once
}

void Runner::leave() {
  if (parts_.before_goodbye) parts_.before_goodbye();
  drain();  // so nothing of this runner's is on its way when the master hears its last word
  say(Word::kGoodbye);
  drain();
}

// What is on its way here as well, though nobody will run it: who sends it waits until it has come.
void Runner::drain() {
  backoff_.reset();
  for (bool drained = false; !drained; backoff_.wait_briefly()) {
    std::lock_guard lock(*parts_.baton);
    parts_.link->poll(*this);
    drained = parts_.link->drained() && !parts_.link->busy();
  }
}

void Runner::print(std::string lines) {
  std::lock_guard lock(*parts_.baton);
  parts_.link->send(parts_.master, wire::frame_of(Word::kOutput, own_number(), wire::Output{std::move(lines)}));
  parts_.link->flush();  // it may be the last that this process says
  if (parts_.link->drained()) return;
  print_unsent_.store(true);  // the main thread may sleep
  parts_.link->wake();
}

void Runner::say(Word word) {
  std::lock_guard lock(*parts_.baton);
  parts_.link->send(parts_.master, wire::frame_of(word, own_number()));
}

}  // namespace gluster::runner
