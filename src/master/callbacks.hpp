#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gluster::master {

// What users have run when jobs end: one after the other, on a thread that the first of them starts. Any thread may call any of this.
class Callbacks {
 public:
  // `after_each` is called when one has run, and what it held is gone.
  explicit Callbacks(std::function<void()> after_each) : after_each_(std::move(after_each)) {}
  Callbacks(const Callbacks&) = delete;

  void add(std::function<void()> what);
  // Runs the next one here, if there is one.
  bool run_one();
  bool are_waiting() const noexcept { return wait_.load(); }
  // This thread runs them.
  bool run_here() const noexcept { return thread_id_.load() == std::this_thread::get_id(); }
  // Those that wait are run, then the thread ends; what is added later is run by whoever adds it.
  void end();

 private:
  void run_all();

  const std::function<void()> after_each_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::function<void()>> all_;
  std::atomic<bool> wait_ = false;
  std::atomic<std::thread::id> thread_id_;
  bool somebody_runs_ = false;
  bool at_end_ = false;  // who runs them leaves when there are none
  std::thread thread_;
};

}  // namespace gluster::master
