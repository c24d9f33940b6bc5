// What the programs that stand alone have in common: numbers on the command line, and lists in what they print.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

namespace baselines {

/// A whole number from 1 to what an int holds, since MPI counts in int; 0: it is none.
inline std::int64_t parse_count(const char* text) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && value > 0 && value <= std::numeric_limits<int>::max() ? value : 0;
}

/// One part of all rounds, as a member of a JSON object.
template <class Seconds>
void print_list(const char* name, const std::vector<Seconds>& rounds, double Seconds::*part) {
  std::printf("\"%s\": [", name);
  for (std::size_t at = 0; at < rounds.size(); ++at) std::printf("%s%.9f", at == 0 ? "" : ", ", rounds[at].*part);
  std::printf("], ");
}

}  // namespace baselines
