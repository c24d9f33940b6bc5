// As sample.cpp, but that `add` does something else: tests tell by it which of the two is called.
#include <gluster/plugin.hpp>

std::int64_t add(std::int64_t a, std::int64_t b) { return 1000 * a + b; }
std::int64_t subtract(std::int64_t a, std::int64_t b) { return a - b; }

GLUSTER_EXPORT(add)
GLUSTER_EXPORT(subtract)
