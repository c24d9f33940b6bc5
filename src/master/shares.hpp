#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <gluster/job.hpp>
#include <gluster/operand.hpp>

#include "base/arena.hpp"
#include "master/roster.hpp"
#include "wire/link.hpp"
#include "wire/message.hpp"
#include "wire/relay.hpp"

namespace gluster::master {

// Which shared data lies where. The master is the only one to give out node memory, and an object lies at the same offset on every node; where it does not fit, it is
// sent to each rank that needs it. Decisions alone, but for the link; with the baton held.
class Shares {
 public:
  using JobPointer = std::shared_ptr<JobState>;

  // `memory`: bytes of the master's node, for shared data.
  Shares(wire::Link& link, Roster& roster, std::size_t memory, std::function<std::uint64_t()> number)
      : link_(&link),
        roster_(&roster),
        memory_(memory),
        memory_bytes_(memory / base::Arena::kUnit * base::Arena::kUnit),
        number_(std::move(number)) {}

  // What does not lie in node memory is refused, and not copied to each rank that needs it.
  void require_memory() noexcept { is_required_ = true; }

  struct Reserved {
    std::uint64_t object;
    std::uint64_t offset;   // kNowhere: there is no room in node memory
    std::uint64_t touched;  // of `bytes`, so many have been used before
  };
  Reserved reserve(std::uint64_t bytes);
  // Whether all runners reach what is lent, and some are other processes.
  bool may_lend() const;
  struct Loan {
    std::uint64_t object = 0;
    std::uint64_t offset = kNowhere;  // there is no room: it is to travel
    std::uint64_t fresh = 0;          // so many of the first bytes have not been used before
  };
  // For a call's own data, from the end of node memory: shared data has its beginning. Given back by release().
  Loan lend(std::uint64_t bytes);
  // Its pages cannot be had: no more is lent than what is.
  void lend_no_more(std::uint64_t object);
  // Nothing is lent: what was is left out until end_trim, so that its pages can go. Empty: there is none.
  struct Idle {
    std::uint64_t offset = 0, bytes = 0;
  };
  Idle begin_trim();
  void end_trim(const Idle& idle);
  // Its pages cannot be had.
  void leave_memory(std::uint64_t object);
  // Its bytes are at `data`, or will be before anybody names it: goes out to the other nodes as the Relay is told of them. Null: to nobody.
  std::shared_ptr<wire::Relay> seal(std::uint64_t object, std::span<const std::byte> data, std::shared_ptr<const void> owner);
  // Of what has been sealed.
  std::span<const std::byte> data(std::uint64_t object) const { return at(object).data; }
  // Nobody will name it again.
  void release(std::uint64_t object);

  enum class Where { kThere, kComing, kNoRoom, kNotInMemory };  // the last where it is required
  // Where a call at `rank` would find it; sees to it that it comes.
  Where ask(std::uint64_t object, int rank);
  bool is_at(std::uint64_t object, int rank) const;
  // Until it has come.
  void hold(std::uint64_t object, int rank, JobPointer job);
  void forget(const JobPointer& job);
  struct Sent {
    Clock::time_point since;
    std::uint64_t bytes = 0;
    bool is_leaving = false;  // from this node, in whose memory it lies
  };
  Sent sent(std::uint64_t object) const;

  // It was to lie in node memory, and this rank has a copy of its own.
  bool is_copy(const wire::ShareDone& done) const;
  // The jobs that were waiting for it.
  std::vector<JobPointer> done(int rank, const wire::ShareDone& done);
  // Some will give their room back when they have been sent.
  bool are_leaving() const noexcept { return leaving_ != 0; }
  // Objects that are still being sent.
  std::size_t under_way() const noexcept { return under_way_; }

 private:
  enum class Stage { kNone, kComing, kInMemory, kOwn, kNoRoom };
  struct Object {
    std::uint64_t number = 0;
    std::uint64_t offset = kNowhere, bytes = 0;
    std::span<const std::byte> data;
    std::shared_ptr<const void> owner;
    std::unordered_map<int, Stage> stages;                  // by rank, a leader's for its node
    std::unordered_map<int, std::vector<JobPointer>> held;  // likewise
    std::weak_ptr<wire::Relay> relay;                       // from this node
    Clock::time_point sealed{};
    int coming = 0;
    bool released = false;
    bool is_lent = false;
  };

  const Object& at(std::uint64_t object) const { return objects_.at(object); }
  // In the node memory of that rank.
  bool has_place(const Object& object, int rank) const;
  // Who has to have it for a call at `rank`: its node's leader, or where that has no room in node memory itself. -1: it is there whatever has been sent.
  int place(const Object& object, int rank) const;
  std::shared_ptr<wire::Relay> send(Object& object, const std::vector<std::int32_t>& ranks, bool to_memory);
  void settle(Object& object, int rank, Stage stage, std::vector<JobPointer>& freed);
  void free(Object& object);

  wire::Link* link_;
  Roster* roster_;
  base::Arena memory_;
  const std::uint64_t memory_bytes_;
  std::uint64_t most_lent_ = memory_bytes_ / 4, lent_ = 0;
  std::uint64_t fresh_below_ = memory_bytes_;  // pages from there on have been lent before
  std::function<std::uint64_t()> number_;
  std::unordered_map<std::uint64_t, Object> objects_;
  std::uint64_t last_ = 0;
  std::uint64_t touched_ = 0;  // pages below have been used
  std::size_t under_way_ = 0;
  std::size_t leaving_ = 0;  // released, and still being sent
  bool is_required_ = false;
};

}  // namespace gluster::master
