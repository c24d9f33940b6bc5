#pragma once
#include <map>
#include <string>
#include <vector>

#include "place.hpp"

namespace gluster::command {

// What a person asks for.
struct Start {
  int runners = 0;                               // 0: the allocation's tasks, else one
  int threads = 0;                               // OpenMP's, a runner; 0: its share of the cores
  std::vector<std::string> hosts;                // where runners go, of those that there are; empty: all
  std::string launcher;                          // mpirun or srun; empty: by what is there
  std::vector<std::string> master;               // the program of rank 0, and its words
  bool holds_master = false;                     // it is a person's own, and may turn out to be none: rank_zero.cpp holds it
  bool reads_input = false;                      // of this command's stdin; what runs functions alone has no use for it
  std::map<std::string, std::string> variables;  // for all ranks
  int restarts = 0;                              // how often, when a runner or a node is lost
  bool requeue = false;                          // the job, when it was ended early
  std::string journal;                           // that a run adds to; empty: none
  std::string runner = "gluster-runner";
  std::string self = "gluster";  // this command, which srun starts on every rank
};

// What is executed: words and variables that are set for it.
struct Line {
  std::vector<std::string> words;
  std::map<std::string, std::string> environment;
  bool reads_input = true;     // of this process's stdin; else there is none
  std::string rank_zero = {};  // the program that rank 0 is; empty: nobody looks after it
  // As one would type it.
  std::string text() const;
};

// How `start` is started at `place`. Throws UsageError that says what to change.
Line line_for(const Start& start, const Place& place);

// A word as a shell takes it.
std::string quoted(const std::string& word);

}  // namespace gluster::command
