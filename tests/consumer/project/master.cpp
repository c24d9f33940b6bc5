// master SHAPES: runs the kernel from a plugin, or its source.
#include <gluster/gluster.hpp>

#include <cereal/types/vector.hpp>

#include <cstdio>

#include "shapes.hpp"

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    cluster.import_functions(argv[1]);
    auto area = cluster.function<double(std::vector<Rectangle>)>("shapes.area");
    double sum = 0;
    for (int i = 0; i < 10; ++i) sum += area(std::vector<Rectangle>(100, {2, 0.5})).get();
    std::printf("area %g on %d workers\n", sum, cluster.workers());
    return 0;
  });
}
