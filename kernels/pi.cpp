// Pi by throwing darts: of points spread evenly over a unit square, pi / 4 lie in the quarter circle.
//
// Point i of a seed is a pure function of the two (Steele, Lea and Flood's SplitMix64, "Fast splittable pseudorandom
// number generators", 2014, entered at its i-th step), so the same points are counted whatever the number of threads.
#include <gluster/plugin.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// 32 bits of a hash as a coordinate: the middle of one of 2^32 equal parts of [0, 1).
double coordinate(std::uint64_t bits) { return (static_cast<double>(static_cast<std::uint32_t>(bits)) + 0.5) * 0x1p-32; }

}  // namespace

std::int64_t inside(std::uint64_t seed, std::int64_t samples) {
  if (samples < 0) throw std::invalid_argument("inside: " + std::to_string(samples) + " samples");
  // Mixed, or the points of seed s and of seed s + kStep would be the same ones, shifted by one.
  const std::uint64_t start = mix(seed + kStep);
  std::int64_t hits = 0;
#pragma omp parallel for simd reduction(+ : hits)
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::uint64_t point = mix(start + static_cast<std::uint64_t>(i) * kStep);
    const double x = coordinate(point);
    const double y = coordinate(point >> 32);
    hits += x * x + y * y < 1.0 ? 1 : 0;
  }
  return hits;
}

GLUSTER_EXPORT(inside)
GLUSTER_DOC(inside, "Of `samples` random points in a unit square, how many lie in the quarter circle; pi is near 4 * hits / samples.", "seed",
            "samples")
