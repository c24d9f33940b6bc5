#pragma once
#include <functional>
#include <thread>

namespace gluster::entry {

// While it lives, the first SIGUSR1 makes it call `what`, on a thread of its own: a batch system, or `gluster`, asks the master to end in order. One a process at a time, and none where
// the program has a handler of its own.
class DrainSignal {
 public:
  explicit DrainSignal(std::function<void()> what);
  ~DrainSignal();
  DrainSignal(const DrainSignal&) = delete;

 private:
  int wake_;  // an eventfd: SIGUSR1, or the end
  std::function<void()> what_;
  std::thread thread_;
};

// A runner has no part in it.
void ignore_drain_signal();

}  // namespace gluster::entry
