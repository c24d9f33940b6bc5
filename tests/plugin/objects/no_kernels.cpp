#include <gluster/plugin.hpp>

int nobody_exports_me() { return 1; }
