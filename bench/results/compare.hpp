// Sets of results side by side.
#pragma once
#include <string>
#include <vector>

namespace bench {

/// Prints, for every point that the first set shares with another, the other's median to the first's with its 95 % interval, and whether that is more than noise. Throws
/// std::runtime_error where a directory holds no results, or where two share nothing.
void compare(const std::vector<std::string>& directories);

}  // namespace bench
