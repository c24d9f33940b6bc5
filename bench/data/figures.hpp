// What `bench/run data` measures. Each reports its figures as they come; rank 0 calls them, the others follow().
#pragma once
#include "data/effort.hpp"
#include "data/hand.hpp"
#include "figure.hpp"
#include "stage.hpp"

namespace bench {

/// What a part needs: rank 0's side of a baseline is its hand's.
struct Bench {
  const Stage& stage;
  Hand& hand;
  const Effort& effort;
  Report& report;
};

/// Maps of many small items.
void maps(const Bench& bench);
/// Tasks of 1 to 100 ms: computed where there is a core for each worker, else slept through.
void tasks(const Bench& bench);

}  // namespace bench
