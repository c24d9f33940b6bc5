#pragma once
#include <cstdint>
#include <string>

namespace gluster::command {

// How many items a journal has; empty, or a file that is not there yet: 0. Throws UsageError where it can be none.
std::int64_t known_in(const std::string& journal);

}  // namespace gluster::command
