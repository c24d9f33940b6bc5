#include <gluster/gluster.hpp>

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    cluster.import_functions(argv[1]);                                                    // matmul.cpp
    const auto a = gluster::dataset("a.h5:/value"), b = gluster::dataset("b.h5:/value");  // their shapes; no element is read here
    const auto n = static_cast<std::int64_t>(b.shape()[1]);
    gluster::DatasetWriter<double> c("c.h5:/c", {a.size(), b.shape()[1]});

    const auto parts = gluster::split(static_cast<std::int64_t>(a.size()), cluster.workers());
    std::vector<gluster::Job<std::vector<double>>> jobs;
    for (auto [begin, end] : parts) jobs.push_back(cluster.run<std::vector<double>>("matmul.multiply", a.part(begin, end - begin), b, n));
    for (std::size_t i = 0; i < parts.size(); ++i) c.write(parts[i].begin, jobs[i].get());
    c.finish();  // now it is there
    return 0;
  });
}
