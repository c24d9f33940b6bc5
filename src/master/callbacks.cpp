#include "master/callbacks.hpp"

#include <pthread.h>

#include <utility>

namespace gluster::master {

void Callbacks::add(std::function<void()> what) {
  {
    std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
    wait_.store(true);
    wanted_.notify_one();
    if (std::exchange(somebody_runs_, true)) return;
    if (!at_end_) {
      thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "gluster-then");
        run_all();
      });
      return;
    }
  }
  run_all();  // the thread has gone
}

void Callbacks::run_all() {
  thread_id_.store(std::this_thread::get_id());
  for (;;) {
    if (run_one()) continue;
    std::unique_lock lock(mutex_);
    wanted_.wait(lock, [&] { return !all_.empty() || at_end_; });
    if (!all_.empty()) continue;
    somebody_runs_ = false;
    thread_id_.store({});
    return;
  }
}

bool Callbacks::run_one() {
  std::function<void()> what;
  {
    std::lock_guard lock(mutex_);
    if (all_.empty()) return false;
    what = std::move(all_.front());
    all_.pop_front();
    wait_.store(!all_.empty());
  }
  what();
  what = nullptr;
  after_each_();
  return true;
}

void Callbacks::end() {
  {
    std::lock_guard lock(mutex_);
    at_end_ = true;
    wanted_.notify_one();
  }
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();  // the last Job went with a callback
  else thread_.join();
}

}  // namespace gluster::master
