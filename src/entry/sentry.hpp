#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "entry/obituary.hpp"

namespace gluster::entry {

// The master's watch over the runners' processes: when one dies, says so in one sentence and ends the run.
//
// A runner of this host tells it by a datagram (LastWords), or, killed with SIGKILL, by its end alone. Of one on another host the launcher knows: it
// ends the master with SIGTERM, and then the sentence names what was running there.
class Sentry {
 public:
  struct Ward {
    int rank;
    std::string host;
    int pid;
  };
  struct Parts {
    std::string host;                                 // the master's own
    std::function<std::string(int rank)> running_at;  // the kernel that runs there; empty: none
    std::function<void(int status)> end_run;          // does not return
  };
  // Opens the door; on failure there is none, and its name is empty.
  Sentry();
  ~Sentry();
  Sentry(const Sentry&) = delete;

  // Its name, for the runners' LastWords.
  const std::string& door() const noexcept { return name_; }
  void watch(std::vector<Ward> wards, Parts parts);
  // Deaths are no news any more.
  void stop();

 private:
  struct Death;
  void run();
  bool look(int patience_ms, Death& first);
  void report(const Death& death);
  void report_termination();

  std::string name_;
  int socket_ = -1;
  int wake_ = -1;  // an eventfd: SIGTERM, or stop()
  std::vector<Ward> wards_;
  std::vector<int> processes_;  // pidfds, by ward; -1: not on this host
  Parts parts_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace gluster::entry
