// What items.cpp computes, for a hand-written farm that links the same compiled object.
#pragma once
#include <cstdint>

/// Nothing: what an item of it takes is what the way there and back takes.
std::int64_t same(std::int64_t x);
/// So many turns of a loop that nothing shortens; their result.
std::int64_t spin(std::int64_t turns);
/// Computes until its thread has had a core for so long; the nanoseconds.
std::int64_t compute(std::int64_t nanoseconds);
/// Sleeps; the nanoseconds.
std::int64_t nap(std::int64_t nanoseconds);
