#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gluster/codec.hpp>
#include <gluster/error.hpp>

/// A call's future. Any thread of the master's program may use a Job, one at a time; a Job may outlive its Cluster (what
/// had not been sent by then has ended with Cancelled).
namespace gluster {

using Clock = std::chrono::steady_clock;

/// Where and when a call ran. Times are on the master's clock (a runner's is set against it when it says Hello); those that
/// have not come yet are zero.
struct JobInfo {
  int runner = -1;   ///< rank in the cluster's communicator; -1 until the call is sent
  std::string host;  ///< the runner's
  int attempt = 1;
  Clock::time_point queued{}, sent{}, started{}, finished{};
  double compute_seconds = 0;  ///< inside the kernel, on the runner's clock
};

class Engine;
namespace detail {
class Ended;
}

/// What a Job and the engine share of one call. Users meet it only through Job.
class JobState : public std::enable_shared_from_this<JobState> {
 public:
  explicit JobState(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  JobState(const JobState&) = delete;
  virtual ~JobState();
  /// It is about to end: nobody knows yet.
  virtual void ending() noexcept {}

  bool ended() const noexcept { return stage_.load() == Stage::kEnded; }
  /// The same, after moving messages on once: a loop around it comes to an end.
  bool done();
  /// False when `deadline` came first.
  bool wait(Clock::time_point deadline);
  bool cancel();
  JobInfo info();
  /// `what` runs once, when the job has ended: now, or later on whichever thread ends it, which it must not hold up.
  void on_end(std::function<void()> what);
  /// Runs `what` on the cluster's callback thread.
  void call_back(std::function<void()> what);
  /// Waits; then throws the job's error, or a UsageError when its value was taken before. Marks it taken.
  void expect_value();
  /// The same without waiting: a UsageError when it has not ended.
  void expect_value_now();
  /// Ends the job, once: later calls do nothing. One thread at a time.
  void end(std::exception_ptr error);

  /// The state of a job that this one leads to.
  template <class State>
  std::shared_ptr<State> follow() const {
    return std::make_shared<State>(engine_);
  }

  /// Waits until `ended` has one, and takes it off.
  std::size_t wait_next(detail::Ended& ended);

  /// The value is here but for `in.finish()`, which is left to whoever takes it. `holder` owns `in`.
  void keep_unfinished(std::shared_ptr<void> holder, Decoder& in);

  /// Decodes the value of a call; it fills up to Decoder::finish. Called by the engine.
  virtual void open_value(Decoder&) {}

  /// Of a job that follows another, before its function runs: false when it was cancelled.
  bool begin_following();
  /// When it has run; with Cancelled when it was cancelled meanwhile.
  void end_following(std::exception_ptr error);

  /// The error of a job that has ended, null if it has a value; it counts as seen.
  std::exception_ptr error_now();

  /// A batch is about to be sent, to a runner that shares the master's node memory or not. With the baton held.
  virtual void goes_out(bool /*beside_master*/) {}

  /// Node memory that a call's own large data lies in, until no runner can be using it any more.
  struct Loans {
    struct Output {
      void* to;  ///< the user's
      const void* from;
      std::size_t bytes;
    };
    std::vector<std::shared_ptr<const void>> held;
    std::vector<Output> outputs;
  };

  /// The dispatcher's own notes; guarded by the baton until the job has ended.
  struct Call {
    const struct KernelEntry* kernel = nullptr;
    std::uint64_t number = 0;
    int runner = -1;
    int attempt = 1;
    bool is_batch = false;  ///< a chunk of a map
    int priority = 0;
    bool sent_out = false;    ///< to `runner`; false while it waits, here or for its plugin
    bool leaving = false;     ///< its arguments are being sent
    bool cancelled = false;   ///< sent, but nobody wants the value
    std::uint64_t bytes = 0;  ///< of large arguments
    std::uint64_t result_bytes = 0;
    std::vector<std::uint64_t> objects;  ///< shared data that it names
    bool recalled = false;               ///< taken back, if it has not begun
    bool has_outputs = false;            ///< it writes to memory that is not its own
    std::unique_ptr<Loans> loans;        ///< null: none
    Encoder frame;
    const struct RunnerInfo* on = nullptr;  ///< the engine's
    Clock::time_point queued{}, sent{}, started{}, finished{};
    std::int64_t compute_nanoseconds = 0;
  } call;

 private:
  enum class Stage : std::uint8_t { kOpen, kHeard, kEnded };  // kHeard: there are listeners
  enum class Following : std::uint8_t { kWaits, kRuns, kCancelled, kOver };

  std::shared_ptr<Engine> engine_;  // shared, since a Job may outlive its Cluster
  std::atomic<Stage> stage_ = Stage::kOpen;
  std::atomic<Following> following_ = Following::kWaits;
  bool taken_ = false;
  bool seen_ = false;
  std::exception_ptr error_;
  std::shared_ptr<void> holder_;
  Decoder* unfinished_ = nullptr;
  std::mutex mutex_;  // guards the listeners
  std::vector<std::function<void()>> listeners_;
};

namespace detail {

template <class R>
class Value : public JobState {
 public:
  using JobState::JobState;
  template <class F>
  R& set(F&& make) {
    return value_.emplace(make());
  }
  R take() { return std::move(*value_); }

 private:
  std::optional<R> value_;
};
template <>
class Value<void> : public JobState {
 public:
  using JobState::JobState;
  template <class F>
  void set(F&& make) {
    make();
  }
  void take() {}
};

template <class R, class F>
struct Then {
  using Result = std::invoke_result_t<F, R>;
};
template <class F>
struct Then<void, F> {
  using Result = std::invoke_result_t<F>;
};

/// The numbers of the jobs that have ended, in order; filled by listeners.
class Ended {
 public:
  void push(std::size_t at);
  std::optional<std::size_t> pop();
  bool empty();

 private:
  std::mutex mutex_;
  std::deque<std::size_t> at_;
};
}  // namespace detail

/// A call under way, and then its value or its error.
///
/// Move-only; dropping one neither waits nor cancels, and an error that nobody saw is logged once.
template <class R>
class [[nodiscard]] Job {
 public:
  using value_type = R;

  Job() = default;
  explicit Job(std::shared_ptr<detail::Value<R>> state) : state_(std::move(state)) {}

  /// True once it has ended, with a value or an error. Never waits, and moves work on a little.
  bool done() const { return state().done(); }
  /// Until it has ended. While the master computes too, it may run another call meanwhile.
  void wait() const { state().wait(Clock::time_point::max()); }
  /// False when it had not ended after `limit`. Here the master runs no calls itself: nobody knows how long they take.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> limit) const {
    return state().wait(Clock::now() + std::chrono::duration_cast<Clock::duration>(limit));
  }
  /// Waits, then moves the value out, or throws what happened (see error.hpp). Once: then a UsageError.
  R get() {
    state().expect_value();
    return state_->take();
  }
  /// The same, but never waits: a UsageError when it has not ended.
  R get_now() {
    state().expect_value_now();
    return state_->take();
  }
  /// True when the call had not been sent, and will not be. Else its result is dropped when it comes. In both cases `get`
  /// throws Cancelled; a job that had ended already stays as it is (false). Of a job that follows another: true when its function had not begun.
  bool cancel() { return state().cancel(); }
  JobInfo info() const { return state().info(); }

  /// A job for `f(value)`, run on the cluster's one callback thread when the value is there; `f` may call anything. Takes
  /// the value. An error goes on to the new job, and `f` does not run.
  template <class F>
  auto then(F f) -> Job<typename detail::Then<R, F>::Result> {
    using U = typename detail::Then<R, F>::Result;
    auto next = state().template follow<detail::Value<U>>();
    state_->on_end([before = state_, next, f = std::make_shared<F>(std::move(f))] {
      before->call_back([before, next, f] { run_then<U>(*before, *next, *f); });
    });
    return Job<U>(std::move(next));
  }

  /// The shared state, for as_completed and its like.
  detail::Value<R>& state() const {
    if (!state_) throw UsageError("this Job is empty: it was moved from, or never came from run()");
    return *state_;
  }

 private:
  template <class U, class F>
  static void run_then(detail::Value<R>& before, detail::Value<U>& next, F& f) {
    if (!next.begin_following()) return;
    try {
      before.expect_value_now();
      next.set([&]() -> U {
        if constexpr (std::is_void_v<R>) return f();
        else return f(before.take());
      });
      next.end_following(nullptr);
    } catch (...) {
      next.end_following(std::current_exception());
    }
  }

  std::shared_ptr<detail::Value<R>> state_;
};

/// The jobs of a range in the order in which they end: `for (auto& job : as_completed(jobs)) use(job.get());`
///
/// Borrows the range, which must stay as it is. One pass, one thread.
template <class Jobs>
class AsCompleted {
 public:
  using JobType = std::remove_reference_t<decltype(*std::begin(std::declval<Jobs&>()))>;

  explicit AsCompleted(Jobs& jobs) {
    for (auto& job : jobs) jobs_.push_back(&job);
    if (!jobs_.empty()) any_ = jobs_.front()->state().shared_from_this();
    for (std::size_t at = 0; at < jobs_.size(); ++at) jobs_[at]->state().on_end([ended = ended_, at] { ended->push(at); });
  }

  class Iterator {
   public:
    using value_type = JobType;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(AsCompleted& all) : all_(&all) { ++*this; }
    JobType& operator*() const { return *job_; }
    Iterator& operator++() {
      job_ = all_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return job_ == nullptr; }

   private:
    AsCompleted* all_;
    JobType* job_ = nullptr;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  JobType* next() {
    if (given_ == jobs_.size()) return nullptr;
    ++given_;
    return jobs_[any_->wait_next(*ended_)];
  }

  std::vector<JobType*> jobs_;
  std::shared_ptr<JobState> any_;  // to wait at: a job may be moved out when it has been given
  std::shared_ptr<detail::Ended> ended_ = std::make_shared<detail::Ended>();
  std::size_t given_ = 0;
};

template <class Jobs>
AsCompleted<Jobs> as_completed(Jobs& jobs) {
  return AsCompleted<Jobs>(jobs);
}

/// Until every job of the range has ended; throws none of their errors.
template <class Jobs>
void wait_all(const Jobs& jobs) {
  for (const auto& job : jobs) job.wait();
}

/// The place in the range of a job that has ended, waiting for the first. A UsageError for an empty range.
template <class Jobs>
std::size_t wait_any(const Jobs& jobs) {
  auto ended = std::make_shared<detail::Ended>();
  std::size_t at = 0;
  JobState* first = nullptr;
  for (const auto& job : jobs) {
    if (first == nullptr) first = &job.state();
    job.state().on_end([ended, here = at++] { ended->push(here); });
  }
  if (first == nullptr) throw UsageError("wait_any: there are no jobs to wait for");
  return first->wait_next(*ended);
}

}  // namespace gluster
