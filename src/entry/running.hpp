#pragma once
#include <gluster/cluster.hpp>

namespace gluster::entry {

// While it lives, the classic calls act on this cluster.
class RunningCluster {
 public:
  explicit RunningCluster(Cluster& cluster);
  ~RunningCluster();
  RunningCluster(const RunningCluster&) = delete;
};

}  // namespace gluster::entry
