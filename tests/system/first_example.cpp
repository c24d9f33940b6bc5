#include <gluster/gluster.hpp>

#include <iostream>

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    const std::int64_t n = 512;
    std::vector<double> a(n * n, 1.0), b(n * n, 2.0), c;
    cluster.import_functions(argv[1]);  // matmul.cpp, or libmatmul.so

    std::vector<gluster::Job<std::vector<double>>> jobs;
    for (auto part : gluster::split(n, cluster.workers())) {
      auto rows = std::span(a).subspan(part.begin * n, part.size() * n);
      jobs.push_back(cluster.run<std::vector<double>>("matmul.multiply", rows, gluster::view(b), n));
    }
    for (auto& job : jobs) {
      auto rows = job.get();
      c.insert(c.end(), rows.begin(), rows.end());
    }
    std::cout << "C has " << c.size() << " elements, the first is " << c.front() << ", the last " << c.back() << "\n";
    return 0;
  });
}
