// Kernels of `bench/run data`.
#include "data.hpp"

#include <time.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <thread>

#include <gluster/plugin.hpp>

namespace {

// Unlike the time of day it stands still while another has the core: work is not shortened by being interrupted.
std::int64_t nanoseconds_on_a_core() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::int64_t same(std::int64_t x) { return x; }

std::int64_t spin(std::int64_t turns) {
  std::uint64_t state = 88172645463325252;  // Marsaglia's xorshift: each turn needs the one before
  for (std::int64_t turn = 0; turn < turns; ++turn) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return static_cast<std::int64_t>(state);
}

std::int64_t compute(std::int64_t nanoseconds) {
  const std::int64_t end = nanoseconds_on_a_core() + nanoseconds;
  while (nanoseconds_on_a_core() < end) spin(1000);
  return nanoseconds;
}

std::int64_t nap(std::int64_t nanoseconds) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
  return nanoseconds;
}

double last(std::span<const double> data) { return data.back(); }

double sum(std::span<const double> data) {
  std::array<double, 32> sums{};  // many, or each addition would wait for the one before
  std::size_t at = 0;
  for (; at + sums.size() <= data.size(); at += sums.size()) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += data[at + i];
  }
  const double some = std::accumulate(sums.begin(), sums.end(), 0.0);
  return std::accumulate(data.begin() + static_cast<std::ptrdiff_t>(at), data.end(), some);
}

double compute_beside(std::span<const double> data, std::int64_t nanoseconds) {
  compute(nanoseconds);
  return data.back();
}

GLUSTER_EXPORT(same)
GLUSTER_EXPORT(spin)
GLUSTER_EXPORT(compute)
GLUSTER_EXPORT(nap)
GLUSTER_EXPORT(last)
GLUSTER_EXPORT(sum)
GLUSTER_EXPORT(compute_beside)
