#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <gluster/job.hpp>

namespace gluster::master {

// Calls that no runner has: those of higher priority first, among equals in the order in which they came.
class Queue {
 public:
  using JobPointer = std::shared_ptr<JobState>;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  // Not empty.
  const JobPointer& front() const { return jobs_.begin()->second.front(); }
  void push(JobPointer job) {
    ++size_;
    jobs_[job->call.priority].push_back(std::move(job));
  }
  // Ahead of its equals: it was among them before.
  void push_front(JobPointer job) {
    ++size_;
    jobs_[job->call.priority].push_front(std::move(job));
  }
  JobPointer pop() {
    JobPointer job = std::move(jobs_.begin()->second.front());
    jobs_.begin()->second.pop_front();
    if (jobs_.begin()->second.empty()) jobs_.erase(jobs_.begin());
    --size_;
    return job;
  }
  // False when it is not here.
  bool erase(const JobPointer& job) {
    auto same = jobs_.find(job->call.priority);
    if (same == jobs_.end() || std::erase(same->second, job) == 0) return false;
    if (same->second.empty()) jobs_.erase(same);
    --size_;
    return true;
  }

 private:
  std::map<int, std::deque<JobPointer>, std::greater<>> jobs_;  // by priority; none of them empty
  std::size_t size_ = 0;
};

}  // namespace gluster::master
