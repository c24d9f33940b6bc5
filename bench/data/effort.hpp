// How long `bench/run data` may take.
#pragma once
#include <stdexcept>
#include <string>

namespace bench {

struct Effort {
  double seconds;     ///< for a figure of ordinary weight
  int least_rounds;   ///< of each figure, however long they take
  int task_rounds;    ///< of 200 tasks, ten seconds of work
  int small_product;  ///< rounds of matrix products; n = 1024 and 2048
  int large_product;  ///< the same; n = 4096; 0: none

  static Effort of(const std::string& mode) {
    if (mode == "smoke") return {0.01, 1, 1, 1, 0};
    if (mode == "quick") return {0.3, 3, 1, 3, 0};
    if (mode == "default") return {3, 5, 3, 7, 3};
    if (mode == "full") return {12, 9, 7, 25, 9};
    throw std::invalid_argument("smoke, quick, default or full, not " + mode);
  }
};

}  // namespace bench
