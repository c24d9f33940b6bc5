#pragma once
#include <gluster/gluster.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace demo {

// How many OpenMP threads each runner gives a kernel.
std::vector<int> threads_of(const gluster::Cluster& cluster);

// Runners x threads of each: `2 x 4`, or `3 x 1-2` where they are not the same.
std::string workers_text(const std::vector<int>& threads);

// How long the runners were in kernels.
class KernelTime {
 public:
  void add(const gluster::JobInfo& job) { seconds_[job.runner] += job.compute_seconds; }
  // The longest of them: they work at the same time.
  double longest() const;

 private:
  std::map<int, double> seconds_;
};

// Which ranks of which hosts did the work.
class Places {
 public:
  void add(const std::string& host, int rank) { ranks_[host].insert(rank); }
  // Where a job ran.
  void add(const gluster::JobInfo& job) { add(job.host, job.runner); }
  // `box, ranks 1-4`; of more than two hosts only how many.
  std::string text() const;

 private:
  std::map<std::string, std::set<int>> ranks_;
};

}  // namespace demo
