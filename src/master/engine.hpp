#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "master/callbacks.hpp"
#include "master/dispatcher.hpp"
#include "master/places.hpp"
#include "mpi/baton.hpp"
#include "wire/link.hpp"

namespace gluster {

// What moves a cluster's jobs on: the dispatcher and its link under the baton, whoever waits, and a helper thread.
//
// Messages move when somebody calls `turn`: the first of those who wait does, the others sleep until it leaves or their job
// ends. While nobody waits the helper does, every millisecond as long as jobs are open. A `run` that does not get the baton leaves its
// job in the inbox for whoever has it.
//
// Made by entry/, kept by the Cluster and by every Job; after `shut_down` it only answers that it is over.
class Engine {
 public:
  struct Parts {
    std::unique_ptr<wire::Link> link;
    mpi::Baton* baton;
    bool helper;  // false where other threads may not call MPI
    std::vector<int> runners;
    int credit;
    std::span<std::byte> memory = {};           // the node's, for shared data; it outlives the link
    std::function<void()> work = {};            // lets the master's own runner, rank 0, do what it has to; empty: there is none
    bool memory_is_shared = false;              // with other processes
    std::unique_ptr<master::Trace> trace = {};  // null: none is wanted
  };
  explicit Engine(Parts parts);
  ~Engine();

  // Returns when every runner has said Hello and its clock is known.
  void meet_runners();

  // Learns how every runner is: looks at those whose counters this node shares, and asks the others. Returns when all have answered, or at the deadline.
  void ask_runners(Clock::time_point deadline);

  // Of all shared arrays, and of outputs under way.
  master::Places places;
  std::span<std::byte> memory() const noexcept { return memory_; }
  bool memory_is_shared() const noexcept { return memory_is_shared_; }
  // Room for shared data; waits for what is about to become free, where that is all that is missing.
  master::Shares::Reserved reserve(std::uint64_t bytes);
  // Whether lend() ever has something: no runner is elsewhere than on the master's node.
  bool may_lend() const noexcept { return may_lend_.load(); }
  // Node memory for `bytes` of a call that has so many in all, with its pages: it waits for nobody long. An offset of kNowhere: there is none.
  master::Shares::Loan lend(std::uint64_t bytes, std::uint64_t of_call);
  // Shared data that nobody names any more. Any thread, also one that holds the baton.
  void release(std::uint64_t object);
  bool is_over() const noexcept { return over_.load(); }
  // From now on nothing more is sent: what has not begun ends with Cancelled, which says why.
  void drain(const std::string& why);
  bool is_draining() const noexcept { return draining_.load(); }
  // Throws UsageError when it is over, which names what was to be called.
  void expect_running(const KernelEntry& kernel) const;

  void submit(std::shared_ptr<JobState> job);
  bool cancel(JobState& job);
  // Moves messages until `ready(context)`; false when `deadline` came first. Without a deadline a master that computes runs calls meanwhile; with one it does not, since
  // nobody knows how long they take.
  bool wait(bool (*ready)(void*), void* context, Clock::time_point deadline);
  // To be called when jobs have ended, without the baton.
  void tell_waiters();
  // Moves messages once, if nobody else does.
  void turn();
  // Runs `what` on the callback thread, in turn.
  void call_back(std::function<void()> what) { callbacks_.add(std::move(what)); }

  // Calls `what(dispatcher)` with the baton held.
  template <class F>
  auto with(F&& what) {
    std::lock_guard lock(*baton_);
    dispatcher_.begin_turn();
    return what(dispatcher_);
  }
  // The kernel that runs at `rank`; empty when there is none, or the baton cannot be had in time: its holder may be stuck with that rank.
  std::string running_at(int rank, std::chrono::milliseconds patience);
  bool has_helper() const noexcept { return helper_.joinable(); }

  // Ends what was not sent, lets the rest run to its end, and sends the runners home. With a deadline, what has not ended by then is given
  // up. True when every runner has gone. A second caller waits for the first.
  bool shut_down(Clock::time_point deadline);

 private:
  static constexpr std::chrono::milliseconds kHelperPeriod{1};  // shorter slows the user's own program down: a wake is 10 to 35 us of a core
  static constexpr std::chrono::milliseconds kHelperPeriodBesideAWaiter{5};

  // Holds the baton; on leaving, sees to the inbox that filled meanwhile. `time`: when it is, if that is known.
  template <class F>
  bool try_with_baton(F&& what, Clock::time_point time = {});
  // `engine_wait`
  bool move_on();
  bool wait_here(bool (*ready)(void*), void* context, Clock::time_point deadline, bool computes);
  void lead(bool (*ready)(void*), void* context, Clock::time_point deadline, bool calls_back, bool computes);
  bool compute();
  void answer();
  bool wait_until(Clock::time_point deadline, const std::function<bool()>& ready);
  // `engine`
  void leave_in_inbox(std::shared_ptr<JobState> job);
  void take_inbox();
  void print();
  bool try_lock_baton(std::chrono::microseconds patience);
  void stop_threads();
  bool wait_for_end();
  // `engine_helper`
  void run_helper();
  void rest_helper(std::chrono::milliseconds time);
  void rest_helper_until_nobody_waits();
  int rest_helper_until_wanted();
  void wake_helper();
  // `engine_memory`
  void take_released();
  void trim_node_memory();

  std::unique_ptr<wire::Link> link_;
  mpi::Baton* baton_;
  std::function<void()> work_;
  std::atomic<bool> computing_ = false;  // a thread of the master's runs calls
  std::span<std::byte> memory_;
  const bool memory_is_shared_;
  std::unique_ptr<master::Trace> trace_;
  std::atomic<bool> may_lend_ = false;
  master::Dispatcher dispatcher_;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> over_ = false;  // set with the inbox's mutex held, seen with that or the baton

  std::mutex inbox_mutex_;
  std::vector<std::shared_ptr<JobState>> inbox_;
  std::vector<std::uint64_t> released_;  // shared data
  std::atomic<bool> inbox_full_ = false;

  std::mutex print_mutex_;  // lines keep their order

  std::mutex waiting_mutex_;
  std::condition_variable waiting_;
  std::atomic<bool> polled_ = false;     // somebody who waits moves messages
  std::atomic<int> followers_ = 0;       // others who wait
  std::atomic<std::thread::id> leader_;  // who does, or did last
  std::atomic<bool> closed_ = false;     // and nobody does any more
  enum class End { kOpen, kDone, kGivenUp };
  std::atomic<End> end_ = End::kOpen;  // of shut_down

  std::mutex helper_mutex_;
  std::condition_variable helper_wanted_;
  std::atomic<bool> helper_rests_ = false;
  std::atomic<bool> stop_ = false;
  std::thread helper_;
  master::Callbacks callbacks_{[this] { tell_waiters(); }};
};

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

}  // namespace gluster
