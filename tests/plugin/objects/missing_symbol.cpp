#include <gluster/plugin.hpp>

int defined_nowhere(int);
int calls_it(int x) { return defined_nowhere(x); }
GLUSTER_EXPORT(calls_it)
