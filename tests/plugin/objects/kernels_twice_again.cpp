#include <gluster/plugin.hpp>

static int two() { return 2; }
GLUSTER_EXPORT_AS(same, two)
