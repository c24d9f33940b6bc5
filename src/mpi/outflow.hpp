#pragma once
#include <chrono>
#include <cstddef>
#include <list>

namespace gluster::mpi {

// How large frames leave for other nodes: in the order in which they were given, as many at a time as the cable takes in kAhead. So the first calls have all of their arguments, and compute, while
// those of others are still on their way; MPI sends all that it has been given at once, and all of it arrives at the end. The next begins shortly before the last should have been acknowledged:
// else the cable has nothing to carry meanwhile.
//
// Who does not take what is sent to him must not hold up others: what has been under way for several times as long as it should no longer counts, and what the cable carries in a moment
// hardly does, though it may be acknowledged later: a runner whose kernel runs looks every few milliseconds. Decisions only.
class Outflow {
 public:
  using Clock = std::chrono::steady_clock;
  struct Leaving {
    std::size_t bytes;
    Clock::time_point begin, nearly_over, late;
  };
  using Ticket = std::list<Leaving>::iterator;

  // Smaller frames leave at once, and MPI over TCP asks nobody before it sends them.
  static constexpr std::size_t kLarge = std::size_t{64} << 10;  // bytes
  static constexpr std::chrono::duration<double> kAhead{0.002};

  bool has_room(Clock::time_point now) const;
  Ticket begin(std::size_t bytes, Clock::time_point now);
  void end(Ticket ticket, Clock::time_point now);

 private:
  std::list<Leaving> leaving_;
  double rate_ = 1e9;         // bytes a second
  bool is_measured_ = false;  // and not only taken to be so
};

}  // namespace gluster::mpi
