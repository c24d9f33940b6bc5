#pragma once
#include <sched.h>

#include <vector>

namespace gluster::base {

// A rank of a node, as far as sharing the node's cores goes.
struct CoreUser {
  cpu_set_t allowed;  // what it is bound to
  int is_runner;      // the master counts as none
};

// A rank's share of the cores that it may use.
struct CoreShare {
  std::vector<cpu_set_t> cores;  // each with its hardware threads; never empty
  bool is_part = false;          // others use the rest of the set: bind to these
};

// What this process may use, by cores (hwloc). Ranks that have the same set divide it evenly among the runners; who has one of its own has all of it.
// With more runners than cores each has one, and nobody is bound.
CoreShare share_cores(const std::vector<CoreUser>& node, std::size_t self, const std::vector<cpu_set_t>& cores_of_node);

cpu_set_t allowed_processors();
std::vector<cpu_set_t> cores_of_node();
// Binds this process's current thread, and so what it starts from now on.
void bind_to(const std::vector<cpu_set_t>& cores);

}  // namespace gluster::base
