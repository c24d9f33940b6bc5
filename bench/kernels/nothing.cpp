// The smallest plugin there can be: what importing it takes is what importing takes.
#include <gluster/plugin.hpp>

void nothing() {}

GLUSTER_EXPORT(nothing)
