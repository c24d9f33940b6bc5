// What `bench/run data` measures. Each reports its figures as they come; rank 0 calls them, the others follow().
#pragma once
#include <string>

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
  std::string label;  ///< for names of figures
};

/// "1 runner", "2 runners".
std::string runners(int count);
/// One nap for each runner, at the same time: all of them are awake, and have the plugin.
void wake(gluster::Cluster& cluster);

/// Large data to all ranks of this host, and what it takes of its memory.
void shares(const Bench& bench);
void node_memory(const Bench& bench);
/// Large data to other hosts, a rank each. `label` says what is between them.
void hosts(const Bench& bench);
/// Maps of many small items.
void maps(const Bench& bench);
/// Tasks of 1 to 100 ms: computed where there is a core for each worker, else slept through.
void tasks(const Bench& bench);
/// C = A·B on all cores.
void products(const Bench& bench);
/// Whether data of the next calls moves while one computes.
void overlap(const Bench& bench);
/// What a trace costs a session. `label` is the file it goes to.
void traces(const Bench& bench);
/// What a journal costs a map. `label` is its file.
void journals(const Bench& bench);

}  // namespace bench
