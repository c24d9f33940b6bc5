#include "base/cores.hpp"

#include <hwloc.h>
#include <hwloc/glibc-sched.h>

#include <memory>

#include "base/log.hpp"

namespace gluster::base {
namespace {

// The cores of which `allowed` has a part, cut down to it.
std::vector<cpu_set_t> within(const std::vector<cpu_set_t>& cores, const cpu_set_t& allowed) {
  std::vector<cpu_set_t> some;
  for (const cpu_set_t& core : cores) {
    cpu_set_t part;
    CPU_AND(&part, &core, &allowed);
    if (CPU_COUNT(&part) != 0) some.push_back(part);
  }
  return some;
}

}  // namespace

CoreShare share_cores(const std::vector<CoreUser>& node, std::size_t self, const std::vector<cpu_set_t>& cores_of_node) {
  std::vector<cpu_set_t> cores = within(cores_of_node, node[self].allowed);
  if (cores.empty()) cores.push_back(node[self].allowed);
  std::size_t sharers = 0, mine = 0;
  for (std::size_t i = 0; i < node.size(); ++i) {
    if (node[i].is_runner == 0 || !CPU_EQUAL(&node[i].allowed, &node[self].allowed)) continue;
    if (i < self) ++mine;
    ++sharers;
  }
  if (sharers <= 1 || node[self].is_runner == 0) return {cores, false};
  if (sharers > cores.size()) return {{cores[mine % cores.size()]}, false};
  auto from = cores.begin() + static_cast<std::ptrdiff_t>(mine * cores.size() / sharers);
  auto to = cores.begin() + static_cast<std::ptrdiff_t>((mine + 1) * cores.size() / sharers);
  return {{from, to}, true};
}

cpu_set_t allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  return set;
}

std::vector<cpu_set_t> cores_of_node() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return {};
  std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)> owner(topology, hwloc_topology_destroy);
  if (hwloc_topology_load(topology) != 0) return {};
  std::vector<cpu_set_t> cores;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != nullptr;) {
    cpu_set_t set;
    if (hwloc_cpuset_to_glibc_sched_affinity(topology, core->cpuset, &set, sizeof set) == 0) cores.push_back(set);
  }
  return cores;
}

void bind_to(const std::vector<cpu_set_t>& cores) {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (const cpu_set_t& core : cores) CPU_OR(&all, &all, &core);
  if (::sched_setaffinity(0, sizeof all, &all) != 0) log().warn("cannot bind to {} cores", cores.size());
}

}  // namespace gluster::base
