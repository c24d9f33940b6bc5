// Calls for runners beside the master that let shared data leave first.
#include <algorithm>

#include "master/dispatcher.hpp"

namespace gluster::master {
namespace {

constexpr std::chrono::milliseconds kAllHaveCome{10};  // who submits calls in a row has done so by then
// Of what has to leave, as long at most: 1 Gbit/s takes 8.5. What takes longer the cable does, and not this node's processors.
constexpr std::chrono::nanoseconds kByte{50};

}  // namespace

// A kernel on all of this node's processors takes them from what sends data to those that wait for it, and they end last. So what could begin here lets shared data, and then
// what calls elsewhere have beside it, leave first (`bench/run paper`, Figure 4 on 8 nodes: 0.87 of the program by hand, 1.17 before).
bool Dispatcher::lets_data_leave(const JobState::Call& call, std::size_t kept) {
  const Roster::Runner& runner = roster_.at(call.runner);
  if (call.objects.empty() || call.is_batch || !has_helper_ || !runner.is_beside_master() || runner.on_request) return false;
  if (!are_all_here(kept)) return false;
  const bool is_young = now() - call.queued < kAllHaveCome;
  return std::any_of(call.objects.begin(), call.objects.end(), [&](std::uint64_t object) {
    const Shares::Sent sent = shares_.sent(object);
    if (sent.since == Clock::time_point()) return false;  // it went nowhere
    const Elsewhere others = elsewhere(object);
    const auto bytes = static_cast<std::int64_t>(sent.bytes + others.bytes);
    return now() - sent.since < kByte * bytes && ((is_young && sent.is_leaving) || others.are_waiting);
  });
}

Dispatcher::Elsewhere Dispatcher::elsewhere(std::uint64_t object) const {
  Elsewhere others;
  jobs_.for_each([&](const JobState& job) {
    const JobState::Call& call = job.call;
    if (roster_.at(call.runner).is_beside_master() || std::count(call.objects.begin(), call.objects.end(), object) == 0) return;
    others.bytes += call.bytes;
    others.are_waiting = others.are_waiting || !call.sent_out || call.leaving;
  });
  return others;
}

// If `kept` calls are all that there is to do on this node: else it is at work already.
bool Dispatcher::are_all_here(std::size_t kept) const {
  std::size_t here = 0;
  for (int rank : roster_.ranks())
    if (roster_.at(rank).is_beside_master()) here += static_cast<std::size_t>(roster_.at(rank).calls);
  return queue_.empty() && here == kept;
}

void Dispatcher::review_kept() {
  if (!std::ranges::all_of(kept_, [&](const JobPointer& job) { return lets_data_leave(job->call, kept_.size()); })) send_kept();
}

void Dispatcher::send_kept() {
  while (!kept_.empty()) {
    const JobPointer job = std::move(kept_.front());
    kept_.erase(kept_.begin());
    roster_.at(job->call.runner).since = now();
    send_call(job, true);
  }
}

}  // namespace gluster::master
