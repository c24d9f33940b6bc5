// A master whose end, or whose runner's end, is what is tested; tests/system/ends looks at what it says and leaves behind.
//
//     ends_master FAULTY FOLDER WAY [NUMBER]
#include <gluster/gluster.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using gluster::Cluster;

struct Way {
  std::string name;
  int number = 0;
  std::string folder;
};

void write(const std::string& file, std::int64_t number) {
  std::ofstream(file + ".new") << number << "\n";
  std::rename((file + ".new").c_str(), file.c_str());
}

// True when a kernel runs somewhere.
bool busy(Cluster& cluster) {
  for (const auto& runner : cluster.status().runners)
    if (!runner.kernel.empty()) return true;
  return false;
}

// Keeps every runner in a kernel; returns when the first one is inside.
std::vector<gluster::Job<void>> occupy(Cluster& cluster, double seconds) {
  std::vector<gluster::Job<void>> jobs;
  for (int i = 0; i < cluster.workers(); ++i) jobs.push_back(cluster.run<void>("faulty.sleeps", seconds));
  while (!busy(cluster)) std::this_thread::yield();
  return jobs;
}

// The user's program comes to its end while kernels run.
int end_master(Cluster& cluster, const Way& way) {
  auto jobs = occupy(cluster, way.number == 0 && !way.name.starts_with("master_throws") && way.name != "waits" ? 0.5 : 60);
  if (way.name == "master_throws") throw std::runtime_error("this is how the user's program fails");
  if (way.name == "master_throws_number") throw 42;
  if (way.name == "master_exits") std::exit(way.number);
  if (way.name == "master_crashes") ::raise(way.number);
  if (way.name == "master_returns") return way.number;
  write(way.folder + "/master.pid", ::getpid());
  write(way.folder + "/runner.pid", cluster.runners().front().pid);
  write(way.folder + "/ready", 1);
  for (auto& job : jobs) job.get();
  return 0;
}

// A runner dies while it has nothing to do.
int lose_idle(Cluster& cluster, const Way& way) {
  write(way.folder + "/master.pid", ::getpid());
  write(way.folder + "/runner.pid", cluster.runners().front().pid);
  write(way.folder + "/ready", 1);
  for (int i = 0; i < 600; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return 0;
}

int end_kernel(Cluster& cluster, const Way& way) {
  if (way.name == "crashes") cluster.run<void>("faulty.crashes", way.number).get();
  else if (way.name == "exits") cluster.run<void>("faulty.exits", way.number).get();
  else if (way.name == "quick_exits") cluster.run<void>("faulty.quick_exits", way.number).get();
  else if (way.name == "kills") cluster.run<void>("faulty.kills").get();
  else if (way.name == "aborts") cluster.run<void>("faulty.aborts").get();
  else if (way.name == "leaves_child") cluster.run<int>("faulty.leaves_child", 25.0).get();
  else if (way.name == "stack") cluster.run<std::int64_t>("faulty.stack").get();
  else throw std::invalid_argument("no such way: " + way.name);
  return 0;  // not an error: the script sees that nothing was said
}

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](Cluster& cluster) {
    Way way{argv[3], argc > 4 ? std::atoi(argv[4]) : 0, argv[2]};
    cluster.import_functions(argv[1]);
    if (way.name.starts_with("master_") || way.name == "waits") return end_master(cluster, way);
    return way.name == "idles" ? lose_idle(cluster, way) : end_kernel(cluster, way);
  });
}
