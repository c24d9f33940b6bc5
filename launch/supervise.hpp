#pragma once
#include <functional>
#include <optional>
#include <string>

#include "start_line.hpp"

namespace gluster::command {

// How what was started has ended.
struct Outcome {
  int status = 0;   // as a shell tells it: 128 + signal
  int asked = 0;    // the first signal that asked for its end; 0: none
  int refused = 0;  // the errno of this process's stdout, which took no more, so that it was ended; 0: that took all
  bool asked_again = false;
  bool out_of_time = false;  // asked by SIGUSR1 it did not end while there was time, and was ended at once
};

// Runs a line to its end and stands between it and whoever sends signals:
//
//     SIGINT, SIGTERM, SIGUSR1    the first: the master hands out nothing more and ends in order (it gets SIGUSR1); the next ends it at once
//     SIGHUP                      ends it at once
//     SIGKILL                     to this process: it dies too (PR_SET_PDEATHSIG), and its ranks with it
//
// mpirun (Open MPI 4.1.4) sometimes waits for ever when a rank or a host has gone at a bad moment: when its rank 0, where that is a child of its own, has been gone for
// `seconds_without`, it is killed.
//
// `seconds_left` is asked when SIGUSR1 has come: what has not come to its end by then is ended at once. None: for ever.
//
// What it prints passes through this process. One at a time; this process has no other threads and no MPI. Throws UsageError when it cannot be started.
Outcome supervise(const Line& line, int seconds_without = 20, const std::function<std::optional<int>()>& seconds_left = {});

}  // namespace gluster::command
