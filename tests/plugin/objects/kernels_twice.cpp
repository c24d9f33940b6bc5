#include <gluster/plugin.hpp>

static int one() { return 1; }
GLUSTER_EXPORT_AS(same, one)
