#pragma once
#include <gluster/gluster.hpp>

#include <cstdint>
#include <vector>

#include "demo_by_hand.hpp"
#include "demo_progress.hpp"
#include "demo_report.hpp"

namespace demo {

// C = A·B of size × size doubles by `matmul.multiply`, `rounds` times, each in turn with a round of the hand-written
// program, when there is one (may be null). A line for each of them. Throws when a product is wrong.
std::vector<Line> multiply(gluster::Cluster& cluster, std::int64_t size, int rounds, ByHand* by_hand, Progress& progress);

}  // namespace demo
