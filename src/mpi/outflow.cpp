#include "mpi/outflow.hpp"

#include <algorithm>

namespace gluster::mpi {
namespace {

// Of the time that it should take: when the next one may begin, and when it is not waited for any longer.
constexpr double kNearlyOver = 0.75, kLate = 4;
constexpr std::chrono::duration<double> kLeastWait{0.01};  // whatever it should take: the other side may be at something else
constexpr double kForget = 0.9;                            // of the best rate that was seen, with each frame

}  // namespace

bool Outflow::has_room(Clock::time_point now) const {
  std::size_t bytes = 0, nearly_over = 0, their_bytes = 0;
  for (const Leaving& one : leaving_) {
    if (now < one.nearly_over) bytes += one.bytes;
    else if (now < one.late) ++nearly_over, their_bytes += one.bytes;
  }
  const auto holds = [&](std::size_t some, std::chrono::duration<double> time) { return static_cast<double>(some) < rate_ * time.count(); };
  return (nearly_over <= 1 || holds(their_bytes, kLeastWait)) && holds(bytes, kAhead);
}

Outflow::Ticket Outflow::begin(std::size_t bytes, Clock::time_point now) {
  std::size_t under_way = bytes;
  for (const Leaving& one : leaving_)
    if (now < one.nearly_over) under_way += one.bytes;
  const std::chrono::duration<double> expected{static_cast<double>(under_way) / rate_};
  auto after = [&](std::chrono::duration<double> time) { return now + std::chrono::duration_cast<Clock::duration>(time); };
  return leaving_.insert(leaving_.end(), {bytes, now, after(kNearlyOver * expected), after(kLeastWait + kLate * expected)});
}

void Outflow::end(Ticket ticket, Clock::time_point now) {
  const double took = std::max(std::chrono::duration<double>(now - ticket->begin).count(), 1e-6);
  const double rate = static_cast<double>(ticket->bytes) / took;
  rate_ = is_measured_ ? std::max(rate, kForget * rate_) : rate;
  is_measured_ = true;
  leaving_.erase(ticket);
}

}  // namespace gluster::mpi
