#pragma once
#include <functional>
#include <thread>

namespace gluster::entry {

// Open MPI 5 leaves ranks running when their launcher is killed: each rank looks after itself. A thread that sleeps until then; no MPI.
class LauncherWatch {
 public:
  // `gone` is called at most once, on that thread, after the end of `process`, which need not be a child; -1: nothing is watched.
  LauncherWatch(int process, std::function<void()> gone);
  // Afterwards `gone` is not called any more. Not for use in `gone`.
  ~LauncherWatch();
  LauncherWatch(const LauncherWatch&) = delete;

 private:
  int process_ = -1;  // a pidfd
  int stop_ = -1;     // an eventfd
  std::thread thread_;
};

}  // namespace gluster::entry
