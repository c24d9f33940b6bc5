// A master for tests/system/ways: what it prints shows that it was started as it should be.
//
//     ways_master FAULTY values|self|threads|returns|lines|pieces
#include <gluster/gluster.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using gluster::Cluster;

int own(int value) { return value + 1; }

// Every worker's value of one kernel.
int values(Cluster& cluster) {
  std::int64_t sum = 0;
  for (int i = 0; i < cluster.workers(); ++i) sum += cluster.run<std::int64_t>("faulty.wrong_value").get();
  std::printf("%d workers, sum %ld\n", cluster.workers(), static_cast<long>(sum));
  return 0;
}

int self(Cluster& cluster) {
  cluster.import_self();
  std::printf("own %d\n", cluster.run<int>("own", 41).get());
  return 0;
}

int threads(Cluster& cluster) {
  for (const auto& runner : cluster.runners()) std::printf("rank %d has %d threads\n", runner.rank, runner.threads);
  return 0;
}

// Lines of many lengths, from every worker at once; each is one letter over and over, and its length.
int lines(Cluster& cluster) {
  std::vector<gluster::Job<void>> jobs;
  for (int i = 0; i < 2000; ++i) {
    auto length = static_cast<std::size_t>(1 + i * 37 % 900);
    std::string line(length, static_cast<char>('a' + i % 26));
    jobs.push_back(cluster.run<void>("faulty.prints", "<" + line + " " + std::to_string(length) + ">\n"));
  }
  for (auto& job : jobs) job.get();
  return 0;
}

// A line in pieces, and a last one without an end.
int pieces(Cluster& cluster) {
  for (const char* piece : {"one ", "two ", "three\n", "no end"}) cluster.run<void>("faulty.prints", piece).get();
  return 0;
}

}  // namespace
GLUSTER_EXPORT(own)

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](Cluster& cluster) {
    cluster.import_functions(argv[1]);
    std::string way = argc > 2 ? argv[2] : "";
    if (way == "values") return values(cluster);
    if (way == "self") return self(cluster);
    if (way == "threads") return threads(cluster);
    if (way == "lines") return lines(cluster);
    if (way == "pieces") return pieces(cluster);
    return way == "returns" ? 7 : 2;
  });
}
