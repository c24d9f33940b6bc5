// What `bench/run call` orders the other ranks to do by hand.
#pragma once
#include <vector>

#include "stage.hpp"

namespace bench {

enum Act : int {
  kPong,          ///< first: bytes there; second: bytes back
  kWork,          ///< the same
  kAcceptWarm,    ///< first: elements
  kAcceptFresh,   ///< the same
  kSupply,        ///< the same
  kSupplyCounts,  ///< first: words
};

/// One rank's side of it. What it receives into, or sends from, is kept from one order to the next: it is warm.
class Hand {
 public:
  explicit Hand(MPI_Comm comm) : comm_(comm) {}
  void perform(const Order& order);

 private:
  MPI_Comm comm_;
  std::vector<double> buffer_;
};

}  // namespace bench
