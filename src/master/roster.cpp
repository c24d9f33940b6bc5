#include "master/roster.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gluster/operand.hpp>

namespace gluster::master {
namespace {

// More large data than this does not wait at one runner, so that its memory is its running call's and little more.
constexpr std::uint64_t kMostBytesAhead = std::uint64_t{256} << 20;

// As much as this waits at a runner, so that it never has to; the rest waits at the master, where whoever is free first takes it.
constexpr double kAheadNanoseconds = 2e6;
// Large data is on its way for about so long; more has to be while kernels are shorter than that.
constexpr double kNanosecondsPerByte = 0.25, kNanosecondsPerByteOfNetwork = 8;
// A call that waits behind one that has run for so long is taken back when somebody else is idle.
constexpr std::chrono::milliseconds kPatience{1};

}  // namespace

Roster::Roster(std::vector<int> ranks, int credit) : ranks_(std::move(ranks)), credit_(credit) {
  if (!ranks_.empty()) runners_.resize(static_cast<std::size_t>(*std::max_element(ranks_.begin(), ranks_.end())) + 1);
}

// Calls that may be at one runner, each with so much large data.
int Roster::depth(const Runner& runner, std::uint64_t bytes) const {
  if (runner.mean_nanoseconds <= 0) return credit_;
  double on_its_way = static_cast<double>(bytes) * (runner.is_beside_master() ? kNanosecondsPerByte : kNanosecondsPerByteOfNetwork);
  return static_cast<int>(
      std::min<double>(credit_, 2 + kAheadNanoseconds / runner.mean_nanoseconds + std::floor(on_its_way / runner.mean_nanoseconds + 0.75)));
}

bool Roster::may_take(const Runner& runner, std::uint64_t bytes) const {
  return runner.standing == Standing::kServing && runner.in_use && !runner.on_request && (runner.calls == 0 || runner.calls < depth(runner, bytes)) &&
         (runner.calls == 0 || bytes == 0 || runner.bytes + bytes <= kMostBytesAhead);
}

void Roster::give(int rank, std::uint64_t bytes, Clock::time_point now) {
  Runner& runner = at(rank);
  if (runner.calls++ == 0) runner.since = now;
  runner.bytes += bytes;
}

void Roster::take_back(int rank, std::uint64_t bytes) {
  Runner& runner = at(rank);
  --runner.calls;
  runner.bytes -= bytes;
}

void Roster::note_compute(int rank, std::int64_t nanoseconds, Clock::time_point now) {
  at(rank).since = now;
  double& mean = at(rank).mean_nanoseconds;
  auto seen = static_cast<double>(std::max<std::int64_t>(nanoseconds, 1));
  mean = mean == 0 ? seen : mean + (seen - mean) / 4;
}

std::string Roster::text() const {
  std::string text;
  for (int rank : ranks_) {
    const Runner& runner = at(rank);
    if (!runner.info) continue;
    const char* standing = runner.standing == Standing::kServing ? "" : runner.standing == Standing::kLost ? ", lost" : ", gone";
    text += fmt::format("rank {} ({}): {} calls in hand{}\n", rank, runner.info->host, runner.calls, standing);
  }
  return text;
}

int Roster::idle() const {
  return static_cast<int>(std::count_if(ranks_.begin(), ranks_.end(), [&](int rank) { return at(rank).calls == 0 && may_take(at(rank), 0); }));
}

int Roster::overloaded(Clock::time_point now) const {
  int most = -1;
  for (int rank : ranks_)
    if (at(rank).calls > 1 && now - at(rank).since > kPatience && (most < 0 || at(rank).calls > at(most).calls)) most = rank;
  return most;
}

bool Roster::may_be_overloaded() const {
  return std::any_of(ranks_.begin(), ranks_.end(), [&](int rank) { return at(rank).calls > 1; });
}

std::vector<RunnerInfo> Roster::infos() const {
  std::vector<RunnerInfo> all;
  for (int rank : ranks_)
    if (at(rank).info) all.push_back(*at(rank).info);
  return all;
}

std::uint64_t Roster::least_node_memory() const {
  std::uint64_t least = kNowhere;
  for (int rank : ranks_)
    if (at(rank).in_use) least = std::min(least, at(rank).leader < 0 ? 0 : at(rank).node_memory);
  return least;
}

bool Roster::are_all_beside_master() const {
  return std::ranges::any_of(ranks_, [](int rank) { return rank != 0; }) &&
         std::ranges::all_of(ranks_, [&](int rank) { return at(rank).is_beside_master(); });
}

int Roster::workers() const {
  return static_cast<int>(std::count_if(ranks_.begin(), ranks_.end(), [&](int rank) {
    return at(rank).in_use && at(rank).standing != Standing::kLost && at(rank).standing != Standing::kGone;
  }));
}

bool Roster::all(Standing standing) const {
  return std::all_of(ranks_.begin(), ranks_.end(), [&](int rank) { return at(rank).standing == standing; });
}

bool Roster::all_answered_since(Clock::time_point time) const {
  return std::all_of(ranks_.begin(), ranks_.end(), [&](int rank) { return at(rank).standing != Standing::kServing || at(rank).answered >= time; });
}

bool Roster::use_host(std::string_view host) {
  auto is_there = [&](int rank) { return at(rank).info && at(rank).info->host == host; };
  if (std::none_of(ranks_.begin(), ranks_.end(), is_there)) return false;
  for (int rank : ranks_) at(rank).in_use = (hosts_named_ && at(rank).in_use) || is_there(rank);
  hosts_named_ = true;
  return true;
}

void Roster::set_clock(int rank, std::chrono::nanoseconds sent, std::chrono::nanoseconds there, std::chrono::nanoseconds now) {
  Runner& runner = at(rank);
  if (now - sent > runner.round_trip) return;
  runner.round_trip = now - sent;
  runner.ahead = there - (sent + now) / 2;
}

}  // namespace gluster::master
