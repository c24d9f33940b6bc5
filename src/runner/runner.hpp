#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "mpi/baton.hpp"
#include "runner/operands.hpp"
#include "runner/patience.hpp"
#include "runner/plugins.hpp"
#include "wire/link.hpp"
#include "wire/message.hpp"

namespace gluster::runner {

// What the process is told about the kernel that runs, so that it can be named should it take the process down.
class Watch {
 public:
  virtual ~Watch() = default;
  // Both on the thread that runs kernels. `kernel` stays where it is.
  virtual void begins(const char* kernel) noexcept = 0;
  virtual void ended() noexcept = 0;
};

// A resident runner: serves calls until Stop.
//
// The main thread holds the baton, polls, and runs kernels itself with the baton laid down; then a helper takes it every millisecond, so that
// the next call's data arrives while this one computes. Everything that is slow (kernels, loading, compiling) is work in the queue,
// done by the main thread in the order in which it arrived.
class Runner final : private wire::Receiver {
 public:
  struct Parts {
    wire::Link* link;
    mpi::Baton* baton;
    Plugins* plugins;
    Operands* operands;
    Watch* watch;
    int master;   // its rank
    bool helper;  // false where other threads may not call MPI
    wire::Hello hello;
    std::function<void()> before_goodbye;  // on the main thread, without the baton
    int team_to_sleep = 0;                 // threads: more than the process had processors when it began; 0: OpenMP's threads wait as they do
  };
  explicit Runner(Parts parts);
  ~Runner() override;

  // Returns after Stop, when all has been done and sent.
  void serve();
  // The same by hand, for a runner without a thread of its own: says Hello; then does what there is to do, and returns. False after Stop.
  void begin();
  bool work();
  // Sends whole lines to the master's output. Any thread that may call MPI.
  void print(std::string lines);

 private:
  static std::int64_t now();  // nanoseconds
  static bool is_call(const wire::Incoming& frame) { return frame.head.word == wire::Word::kCall || frame.head.word == wire::Word::kBatch; }
  static wire::Frame result_frame(const wire::Head& call, Encoder& result);

  // `runner_calls`
  void opened(wire::Incoming& frame) override;
  void arrived(std::unique_ptr<wire::Incoming>&& frame) override;
  void left(int, const wire::Frame& frame) override {
    if (frame.word == wire::Word::kShareData) wire::Relay::left(frame);
  }

  void open_call(wire::Incoming& frame);
  void open_single(wire::Incoming& frame);
  void open_batch(wire::Incoming& frame);
  void cancel(std::uint64_t number);
  void answer_ping(wire::Incoming& frame);
  void drop(const wire::Head& call);

  // `runner`
  void say(wire::Word word);
  // For a frame that answers none.
  std::uint64_t own_number() { return wire::kOwnNumbers | ++own_frames_; }

  // With the baton: sends what the last work led to, looks at the link, and puts the next work in its place; null: there is none.
  void look(std::unique_ptr<wire::Incoming>& work);
  // The same where the helper has the baton for long and has laid the next work aside; else false.
  bool look_aside(std::unique_ptr<wire::Incoming>& work);
  void send_what_is_aside();
  bool may_gather() const;
  // Without it.
  wire::Frame run(wire::Incoming& frame);
  wire::Frame run_call(wire::Incoming& frame);
  void idle();
  void let_team_sleep();
  void leave();
  void drain();

  // `runner_helper`
  void run_helper();
  void wake_helper();
  void set_aside();

  Parts parts_;

  // Guarded by the baton, like all that the Receiver touches.
  bool stopped_ = false;
  bool left_ = false;    // by work()
  bool moved_ = false;   // the last look found something
  bool busy_ = false;    // and saw large data on its way
  bool unsent_ = false;  // or something that has not left
  std::deque<std::unique_ptr<wire::Incoming>> ready_;
  std::set<std::uint64_t> arriving_;   // calls whose arguments are still on their way
  std::set<std::uint64_t> cancelled_;  // of these
  std::uint64_t own_frames_ = 0;

  // For the main thread, while the helper has the baton: MPI copies 32 MiB in one go.
  struct Aside {
    std::mutex mutex;  // the baton will do as well
    std::unique_ptr<wire::Incoming> next;
    std::vector<std::pair<wire::Frame, std::unique_ptr<wire::Incoming>>> done;  // with its result
    std::atomic<bool> has_done = false;
  } aside_;

  // The main thread's own.
  Encoder result_;  // of the call that ran last
  std::optional<wire::Frame> outgoing_;
  const std::string* last_kernel_ = nullptr;
  std::int64_t last_compute_ = 0;  // nanoseconds
  bool team_spins_ = false;        // may spin
  base::Backoff backoff_;
  std::int64_t idle_since_ = 0;  // 0: not idle
  Patience patience_;            // until memory that is kept warm is given back

  // Written by the main thread alone.
  wire::Counters& counters_;                // the link's, where the master may see them
  std::atomic<bool> print_unsent_ = false;  // of print(), which the main thread does not know of yet
  std::atomic<bool> working_ = false;       // the main thread is away from the link; it comes back with the baton
  std::atomic<bool> resting_ = false;       // nothing has come for a while: the helper sleeps
  std::atomic<bool> stop_helper_ = false;
  std::mutex helper_mutex_;
  bool trim_helper_ = false;  // guarded by it
  bool call_helper_ = false;  // likewise
  std::condition_variable helper_wanted_;
  std::thread helper_;
};

}  // namespace gluster::runner
