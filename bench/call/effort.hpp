// How long `bench/run call` may take; what is counted in seconds keeps to it on any machine.
#pragma once
#include <stdexcept>
#include <string>

namespace bench {

struct Effort {
  double seconds;    ///< for a figure of ordinary weight
  int least_rounds;  ///< of each figure, however long they take
  int least_huge;    ///< the same where a round takes seconds
  int large_calls;   ///< whose memory must come back
  int rests;         ///< before a first call
  int windows;       ///< in which an idle rank is watched
  double window;     ///< seconds
  int imports;       ///< first and second times
  double inside;     ///< seconds a repetition of what is inside one process

  static Effort of(const std::string& mode) {
    if (mode == "smoke") return {0.01, 1, 1, 20, 1, 1, 0.1, 1, 0.001};
    if (mode == "quick") return {0.7, 3, 1, 200, 5, 2, 0.7, 1, 0.02};
    if (mode == "default") return {4, 5, 3, 1000, 15, 3, 1, 3, 0.1};
    if (mode == "full") return {16, 9, 5, 1000, 50, 5, 2, 9, 0.3};
    throw std::invalid_argument("smoke, quick, default or full, not " + mode);
  }
};

}  // namespace bench
