#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "demo_report.hpp"

namespace demo {

// Turns of bench/baselines/matmul_mpi_openmp, the hand-written program that this one is timed beside.
//
// The two take turns, a round each, so that a machine that gets slower or faster does so for both. From inside MPI
// no other mpirun may be started: whoever started this one (launch/quickstart) does it, asked through two named pipes:
//     ask:     size rounds threads-of-rank-0 threads-of-rank-1 ...
//     answer:  what the program prints, of which the last line is JSON; or a line `failed ...`
// Meanwhile the cluster rests.
class ByHand {
 public:
  // The directory of the pipes. Waits for the other side to open them.
  explicit ByHand(const std::filesystem::path& pipes);

  // One round, on as many ranks as `threads` has numbers. Throws when the program failed, or its product is
  // wrong.
  Round turn(std::int64_t size, const std::vector<int>& threads);

 private:
  std::ofstream ask_;
  std::ifstream answer_;
};

}  // namespace demo
