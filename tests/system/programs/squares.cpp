// A program of one's own with a map: `gluster run --journal FILE squares VISIT_SO LOG` keeps its values.
#include <gluster/gluster.hpp>

#include <iostream>
#include <numeric>
#include <ranges>

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    if (argc < 3) throw gluster::UsageError("which plugin, and which log?");
    cluster.import_functions(argv[1]);
    auto values = cluster.map<std::int64_t>("visit.visit", std::views::iota(std::int64_t{0}, std::int64_t{400}), std::string(argv[2]), 10).get();
    std::cout << std::reduce(values.begin(), values.end()) << "\n";
    return 0;
  });
}
