// The thread that moves messages while a kernel runs.
#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include "base/log.hpp"
#include "base/pages.hpp"
#include "runner/runner.hpp"

namespace gluster::runner {
namespace {

// How long large data that comes while a kernel runs waits to be seen: shortly after something came or the kernel began, longer later, since a wake is 10 to 35 us of
// a core, and one a millisecond took 3 % of a kernel on all cores. While the main thread looks itself there is nothing to see.
constexpr std::chrono::milliseconds kHelperPeriod{1}, kLongestBesideAKernel{16}, kLongestBesidePolling{5};

// libgomp pins the thread that loads it when OMP_PROC_BIND is set; its places together are what the process had.
void use_all_places() {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> processors(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, processors.data());
    for (int processor : processors) CPU_SET(static_cast<std::size_t>(processor), &set);
  }
  if (CPU_COUNT(&set) != 0) pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace

void Runner::run_helper() {
  pthread_setname_np(pthread_self(), "gluster-helper");
  use_all_places();
  try {
    auto period = kHelperPeriod;
    for (bool worked = false; !stop_helper_.load();) {
      bool moved = false, busy = false;
      const bool works = working_.load();
      if (works && parts_.baton->try_lock()) {
        std::lock_guard lock(*parts_.baton, std::adopt_lock);
        if (working_.load()) {  // still: else the main thread may sleep on what is taken here
          set_aside();
          moved = parts_.link->poll(*this);
          set_aside();
        }
        busy = working_.load() && parts_.link->busy();
      }
      if (busy || aside_.has_done.load()) continue;                                // large data is on its way: it moves only while somebody looks
      BlockPool::of_process().trim(std::chrono::nanoseconds(patience_.length()));  // small calls alone keep nothing large
      const bool has_changed = std::exchange(worked, works) != works;
      period = moved || has_changed ? kHelperPeriod : std::min(2 * period, works ? kLongestBesideAKernel : kLongestBesidePolling);
      std::unique_lock lock(helper_mutex_);
      auto wanted = [&] { return stop_helper_.load() || std::exchange(call_helper_, false); };
      helper_wanted_.wait_for(lock, period, wanted);
      helper_wanted_.wait(lock, [&] { return !resting_.load() || stop_helper_.load() || trim_helper_; });
      if (std::exchange(trim_helper_, false)) base::trim_arena_of_this_thread();
    }
  } catch (const std::exception& error) {  // the main thread meets it as well
    base::log().error("messages no longer move while a kernel runs: {}", error.what());
  }
}

void Runner::wake_helper() {
  std::lock_guard lock(helper_mutex_);
  resting_.store(false);
  call_helper_ = true;
  helper_wanted_.notify_one();
}

// With the baton, before it is kept for long.
void Runner::set_aside() {
  send_what_is_aside();
  if (ready_.empty() || !is_call(*ready_.front())) return;
  std::lock_guard lock(aside_.mutex);
  if (aside_.next) return;
  aside_.next = std::move(ready_.front());
  ready_.pop_front();
}

}  // namespace gluster::runner
