// What the parts measured apart let one expect of the whole: held against the measured curves, and carried on to where the one master becomes the limit.
#pragma once
#include <cstdint>

namespace bench::model {

/// Seconds, measured where the curve was.
struct Way {
  double call;         ///< an empty call to another node and back
  double second_byte;  ///< a byte to another node
};

/// C = A·B of n × n elements of 8 bytes on so many nodes, `alone` seconds on one of them. The rows of A go to all but the first, B once over the first one's cable (the
/// others pass it on), and the rows of C come back; nothing of it is hidden behind computing.
inline double product_seconds(double alone, std::int64_t n, std::int64_t nodes, const Way& way) {
  if (nodes == 1) return alone;
  const double matrix = 8.0 * static_cast<double>(n) * static_cast<double>(n);
  const double others = 1.0 - 1.0 / static_cast<double>(nodes);
  return alone / static_cast<double>(nodes) + (1.0 + 2.0 * others) * matrix * way.second_byte + 2.0 * way.call;
}

/// Words counted, `alone` seconds on one node: the text goes out, and all maps but the first are merged one after the other.
inline double words_seconds(double alone, double bytes, double merge, std::int64_t nodes, const Way& way) {
  if (nodes == 1) return alone;
  const double others = 1.0 - 1.0 / static_cast<double>(nodes);
  return alone / static_cast<double>(nodes) + others * bytes * way.second_byte + static_cast<double>(nodes - 1) * merge + 2.0 * way.call;
}

/// So many runners that all compute all the time are what a master can feed that takes `handled` seconds for each of their tasks.
inline double most_runners(double task, double handled) { return task / handled; }

}  // namespace bench::model
