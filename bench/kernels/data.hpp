// What data.cpp computes, for baselines that link the same compiled object.
#pragma once
#include <cstdint>
#include <span>

// Items of a map: functions of one number.

/// Nothing: what an item of it takes is what the way there and back takes.
std::int64_t same(std::int64_t x);
/// So many turns of a loop that nothing shortens; their result.
std::int64_t spin(std::int64_t turns);
/// Computes until its thread has had a core for so long; the nanoseconds.
std::int64_t compute(std::int64_t nanoseconds);
/// Sleeps; the nanoseconds.
std::int64_t nap(std::int64_t nanoseconds);

// Users of large data, which is not empty.

/// The last element: it is there.
double last(std::span<const double> data);
/// All elements, as fast as memory gives them.
double sum(std::span<const double> data);
/// The last element, after compute(nanoseconds).
double compute_beside(std::span<const double> data, std::int64_t nanoseconds);
