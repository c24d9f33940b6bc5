#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <gluster/job.hpp>

#include "master/job_table.hpp"
#include "master/kernel_entry.hpp"
#include "master/queue.hpp"
#include "master/roster.hpp"
#include "master/shares.hpp"
#include "master/trace.hpp"
#include "wire/link.hpp"
#include "wire/message.hpp"

namespace gluster::master {

// A plugin as the dispatcher hands it on.
struct Image {
  wire::Plugin plugin;                                // but `image`, which the dispatcher numbers
  std::shared_ptr<const std::string> object, source;  // what a runner may want; never null, perhaps empty
};

// Pairs calls with runners. All decisions, no I/O but the link: it is told "this came in" and says "send that".
//
// A call is queued, sent to a runner that has its plugin (or held until that runner says PluginReady), and ended by its Result.
// Everything here is called with the baton held.
class Dispatcher final : public wire::Receiver {
 public:
  // `memory`: bytes of the master's node for shared data.
  Dispatcher(wire::Link& link, Roster roster, std::size_t memory = 0);

  Roster& roster() noexcept { return roster_; }
  Shares& shares() noexcept { return shares_; }
  // Node memory for `bytes` of a call that has `of_call` bytes with these, if it would be sent at once. What has to wait travels when its turn
  // comes: copied now it would be out of the caches again by then, and would fill the memory.
  Shares::Loan lend(std::uint64_t bytes, std::uint64_t of_call);

  // The image's number. Its bytes go out when a runner wants them.
  std::uint32_t add_image(Image image);
  // Its frame is encoded.
  void submit(std::shared_ptr<JobState> job);
  // True when it had not been sent.
  bool cancel(const std::shared_ptr<JobState>& job);
  // Hands out what waits: the roster has changed.
  void send_queued();
  // Takes calls back that wait at a runner while another is idle. True when it has to be asked again before long.
  bool balance();
  // There is a call that the master itself could run.
  bool has_queued() const noexcept { return !queue_.empty(); }
  // Gives one to the runner `rank` that takes calls on request; false when there is none.
  bool give_to(int rank);
  // Messages move also while nobody waits.
  void set_has_helper(bool has_helper) noexcept { has_helper_ = has_helper; }
  // The master waits, and would compute.
  void set_willing(bool willing) noexcept { willing_ = willing; }
  // Ends every job that has not been sent; `why` goes into its Cancelled.
  void cancel_queued(const std::string& why);
  // The same, for those to come too; what waits at a runner is taken back, and what runs there comes to its end.
  void drain(const std::string& why);
  // Ends every job there is.
  void abandon(const std::string& why);
  // Asks every runner for the time.
  void ping();
  // Looks at, or asks, every runner that serves.
  void ask_runners();
  void stop();

  // From now on it is told what has ended; it outlives this.
  void set_trace(Trace* trace) noexcept { trace_ = trace; }
  // From now on it is later. Whoever takes the baton says so: within a turn time stands still. Without `time` the clock is read when it matters.
  void begin_turn(Clock::time_point time = {}) noexcept { now_ = time; }

  // Calls that were given to runners and have not come back.
  std::size_t under_way() const noexcept { return jobs_.size() + shares_.under_way(); }
  // Jobs not ended.
  std::size_t open() const noexcept { return jobs_.size() + queue_.size() + leaving_.size(); }
  // Counts jobs that ended.
  std::uint64_t ended() const noexcept { return ended_; }
  bool has_output() const noexcept { return !output_.empty(); }
  // What kernels printed since the last time: whole lines.
  std::string take_output() { return std::exchange(output_, {}); }
  // What runs at `rank`: calls are run in the order they were sent. Empty: nothing.
  std::string running_at(int rank) const;

  void opened(wire::Incoming& frame) override;
  void arrived(std::unique_ptr<wire::Incoming>&& frame) override;
  void left(int rank, const wire::Frame& frame) override;

 private:
  using JobPointer = std::shared_ptr<JobState>;
  struct ResultTarget;

  // How far a plugin has come at one runner.
  struct Shipment {
    enum class Stage { kNone, kOffered, kWaiting, kReady, kFailed } stage = Stage::kNone;
    std::string failure;
    std::vector<JobPointer> held;
  };
  struct Shelved {
    Image image;
    std::vector<Shipment> by_rank;
    std::map<std::string, int> bytes_sent_to;  // host -> the rank there that was sent the bytes and has not said PluginReady
    Shipment& at(int rank) { return by_rank.at(static_cast<std::size_t>(rank)); }
  };

  Clock::time_point now();
  JobPointer take_expected(const wire::Incoming& frame);
  // `waited`: the job did not come just now.
  void give(JobPointer job, int rank, bool waited);
  int pick(const JobState& job);
  int pick_any(const JobState& job);
  int unless_for_master(int rank) const;
  void take_one_back(int rank);
  void forget_held(const JobPointer& job);
  void queue_again(const JobPointer& job);
  // Sends it, when all that it needs is at its runner; else it is held until then.
  void advance(const JobPointer& job, bool waited);
  void send_call(const JobPointer& job, bool waited);
  bool lets_data_leave(const JobState::Call& call, std::size_t kept);
  // Calls on other nodes that name this object.
  struct Elsewhere {
    std::uint64_t bytes = 0;   // large ones, that they have beside it
    bool are_waiting = false;  // something has still to come to one of them
  };
  Elsewhere elsewhere(std::uint64_t object) const;
  bool are_all_here(std::size_t kept) const;
  void review_kept();
  void send_kept();
  JobPointer release(const JobState::Call& call);
  void finish(const JobPointer& job, std::exception_ptr error);
  void finish_unsent(const JobPointer& job, const std::string& why);
  void fail(const JobPointer& job, const wire::Failure& failure, wire::Outcome outcome);
  CallSite site(const JobState& job) const;
  Shipment& offer(Shelved& shelved, int rank);
  void offer_again(Shelved& shelved, int rank);

  void open_result(wire::Incoming& frame);
  void close_result(std::unique_ptr<wire::Incoming> frame);
  void finish_cancelled(const JobPointer& job);
  void read_result(wire::Incoming& frame, ResultTarget& target);
  static void take_outputs(const JobState::Loans& loans);
  void end_result(Decoder& in, const ResultTarget& target, std::shared_ptr<void> holder);
  void note_lent(JobState::Call& call);
  void note_times(JobState& job, const wire::ResultHead& head);
  void control(wire::Incoming& frame);
  void on_hello(int rank, wire::Hello hello);
  void on_pong(int rank, const wire::Pong& pong);
  static void note(Roster::Runner& runner, wire::Counters::Seen seen);
  void on_ready(int rank, std::uint32_t image);
  void on_wanted(int rank, const wire::PluginWanted& wanted);
  void on_share_done(int rank, const wire::ShareDone& done);
  void on_failed(int rank, const wire::PluginFailed& failed);
  void send_bytes(const Shelved& shelved, int rank, wire::Wanted what);

  wire::Link* link_;
  Roster roster_;
  Shares shares_;
  std::vector<Shelved> images_;
  Queue queue_;                   // not given to a runner
  JobTable jobs_;                 // given to one
  std::vector<JobPointer> kept_;  // of these, to runners of this node: they let data leave first
  struct Leaving {
    JobPointer job;
    std::exception_ptr error;
  };
  std::unordered_map<std::uint64_t, Leaving> leaving_;  // over, but for their arguments, which are still being sent
  std::uint64_t ended_ = 0;
  Trace* trace_ = nullptr;
  bool willing_ = false, has_helper_ = false;
  std::string drained_;  // why; empty: it is not
  bool told_of_copies_ = false;
  Clock::time_point balanced_{};  // the last time
  Clock::time_point now_{};
  std::string output_;
};

}  // namespace gluster::master
