// The thread that moves messages while nobody waits.
#include <pthread.h>

#include <exception>

#include "base/log.hpp"
#include "master/engine.hpp"

namespace gluster {
namespace {

constexpr int kTicksUntilRest = 50;
constexpr int kTicksBesideAWaiter = 4;
constexpr std::chrono::seconds kTrimAfter{1};

}  // namespace

void Engine::run_helper() {
  pthread_setname_np(pthread_self(), "gluster-helper");
  try {
    for (int idle = 0, beside = 0; !stop_.load();) {
      if (polled_.load()) {
        if (++beside < kTicksBesideAWaiter) rest_helper(kHelperPeriodBesideAWaiter);
        else rest_helper_until_nobody_waits();
        continue;
      }
      beside = 0;
      bool busy = false;
      try_with_baton([&] {
        bool moved = move_on();
        if (link_) dispatcher_.balance();
        busy = link_ && link_->busy();
        idle = moved || dispatcher_.open() != 0 ? 0 : idle + 1;
        return moved;
      });
      if (busy) continue;  // large data is on its way: it moves only while somebody looks
      BlockPool::of_process().trim(kTrimAfter);
      if (idle < kTicksUntilRest) rest_helper(kHelperPeriod);
      else idle = rest_helper_until_wanted();
    }
  } catch (const std::exception& error) {  // whoever waits next meets it as well, and can act
    base::log().error("messages no longer move by themselves: {}", error.what());
  }
}

void Engine::rest_helper(std::chrono::milliseconds time) {
  std::unique_lock lock(helper_mutex_);
  helper_wanted_.wait_for(lock, time, [&] { return stop_.load(); });
}

// Whoever waits for long does all that the helper would; woken for nothing every few milliseconds, it takes a hundredth of a core from a kernel.
void Engine::rest_helper_until_nobody_waits() {
  helper_rests_.store(true);
  // Who stops waiting before this is seen here; who does after it sees that the helper rests, and wakes it.
  if (!polled_.load()) helper_rests_.store(false);
  std::unique_lock lock(helper_mutex_);
  helper_wanted_.wait(lock, [&] { return stop_.load() || !helper_rests_.load(); });
  helper_rests_.store(false);
}

int Engine::rest_helper_until_wanted() {
  BlockPool::of_process().trim();
  helper_rests_.store(true);
  // A job that came before this is seen here; one that comes after it sees that the helper rests, and wakes it.
  if (with([](auto& dispatcher) { return dispatcher.open() != 0; })) helper_rests_.store(false);
  auto wanted = [&] { return stop_.load() || inbox_full_.load() || !helper_rests_.load(); };
  std::unique_lock lock(helper_mutex_);
  if (!helper_wanted_.wait_for(lock, kTrimAfter, wanted)) {
    lock.unlock();
    trim_node_memory();
    lock.lock();
    helper_wanted_.wait(lock, wanted);
  }
  helper_rests_.store(false);
  return 0;
}

void Engine::wake_helper() {
  std::lock_guard lock(helper_mutex_);
  helper_rests_.store(false);
  helper_wanted_.notify_one();
}

}  // namespace gluster
