#include <gluster/plugin.hpp>

struct Point {
  double at[FIELDS] = {};
  template <class A>
  void serialize(A& archive) {
    for (double& coordinate : at) archive(coordinate);
  }
};

double last(Point point) { return point.at[FIELDS - 1]; }
GLUSTER_EXPORT(last)
