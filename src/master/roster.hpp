#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <gluster/job.hpp>
#include <gluster/runner_info.hpp>

#include "wire/counters.hpp"

namespace gluster::master {

// Where a runner stands.
enum class Standing { kExpected, kServing, kGone, kLost };

// Which runner has how much, and who gets the next call.
class Roster {
 public:
  struct Runner {
    std::shared_ptr<const RunnerInfo> info;
    Standing standing = Standing::kExpected;
    bool in_use = true;
    int leader = -1;                // of its node; -1: it shares memory with nobody
    std::uint64_t node_memory = 0;  // there, bytes for shared data
    bool on_request = false;        // the master itself: it takes calls when it has nothing better to do
    int calls = 0;
    double mean_nanoseconds = 0;        // of what its last calls took in their kernels; 0: nobody knows
    Clock::time_point since{};          // when it was given the call that it works at, or gave back the one before
    std::uint64_t bytes = 0;            // of large arguments, of calls not ended
    std::chrono::nanoseconds ahead{0};  // its clock before the master's
    std::chrono::nanoseconds round_trip = std::chrono::nanoseconds::max();  // of the sample that `ahead` is from
    RunnerStatus status;                                                    // as it last answered, or was seen
    std::uint64_t lent_in = 0, lent_out = 0;                                // bytes of its calls that did not travel
    // It reads and writes the node memory that the master has.
    bool is_beside_master() const noexcept { return leader == 0 && node_memory != 0; }
    const wire::Counters* counters = nullptr;  // while it serves; null: they cannot be seen from here
    Clock::time_point answered{};
  };

  // Runners have the ranks that are given; at most `credit` calls each.
  Roster(std::vector<int> ranks, int credit);

  const std::vector<int>& ranks() const noexcept { return ranks_; }
  Runner& at(int rank) { return runners_[static_cast<std::size_t>(rank)]; }
  // Ranks are below this.
  std::size_t size() const noexcept { return runners_.size(); }
  const Runner& at(int rank) const { return runners_[static_cast<std::size_t>(rank)]; }

  // The least loaded runner that may take a call with so many bytes of large arguments; -1: none now. Among equals the one that was picked last:
  // it has not gone to sleep yet, and its caches are warm.
  int pick(std::uint64_t bytes) {
    return pick(bytes, [](int) { return true; });
  }
  // Rather one that `is_near`, unless it has more to do.
  template <class F>
  int pick(std::uint64_t bytes, F&& is_near);
  void give(int rank, std::uint64_t bytes, Clock::time_point now);
  void take_back(int rank, std::uint64_t bytes);
  // It has run a call, which took so long, and gave it back at `now`.
  void note_compute(int rank, std::int64_t nanoseconds, Clock::time_point now);
  // From now on this one takes calls on request only.
  void set_on_request(int rank) {
    at(rank).on_request = true;
    has_on_request_ = true;
  }
  bool has_on_request() const noexcept { return has_on_request_; }
  // Runners that could work and have nothing to do.
  int idle() const;
  // Who has calls waiting behind one that has taken so long already, and most of them; -1: nobody.
  int overloaded(Clock::time_point now) const;
  // Somebody is, or will be before long.
  bool may_be_overloaded() const;

  // Of those that have said Hello.
  std::vector<RunnerInfo> infos() const;
  // For people: a line each.
  std::string text() const;
  // Of all runners in use: 0 where one shares none.
  std::uint64_t least_node_memory() const;
  // All of them, in use or not, share the master's node memory, and some are other processes.
  bool are_all_beside_master() const;
  // Runners in use that are not lost or gone.
  int workers() const;
  bool all(Standing standing) const;
  bool all_answered_since(Clock::time_point time) const;
  // From now on only hosts that were named here are in use. False when no runner is on it.
  bool use_host(std::string_view host);
  // A Pong: the offset of the runner's clock, kept from the fastest round trip.
  void set_clock(int rank, std::chrono::nanoseconds sent, std::chrono::nanoseconds there, std::chrono::nanoseconds now);

 private:
  bool may_take(const Runner& runner, std::uint64_t bytes) const;
  int depth(const Runner& runner, std::uint64_t bytes) const;

  std::vector<int> ranks_;
  std::vector<Runner> runners_;  // by rank
  int credit_;
  bool hosts_named_ = false;
  bool has_on_request_ = false;
  std::size_t last_ = 0;  // the place in ranks_ of whoever was picked last
};

template <class F>
int Roster::pick(std::uint64_t bytes, F&& is_near) {
  int best = -1, least = 0;
  for (std::size_t i = 0, from = last_; i < ranks_.size(); ++i) {
    std::size_t place = (from + i) % ranks_.size();
    int rank = ranks_[place];
    if (!may_take(at(rank), bytes)) continue;
    int cost = 2 * at(rank).calls + (is_near(rank) ? 0 : 1);
    if (best >= 0 && cost >= least) continue;
    best = rank, least = cost;
    last_ = place;
    if (cost == 0) break;
  }
  return best;
}

}  // namespace gluster::master
