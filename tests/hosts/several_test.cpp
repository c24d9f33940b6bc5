// What only several hosts show. tests/hosts/run makes them, each with two slots and a $HOST_TMPDIR of its own.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "system/on_master.hpp"

namespace {

// Bytes that this host has received so far, by the network ("eth0") or from itself ("lo").
std::uint64_t received(const std::string& interface) {
  std::ifstream in("/proc/net/dev");
  for (std::string line, name; std::getline(in, line);) {
    std::istringstream words(line);
    std::uint64_t bytes = 0;
    if (words >> name >> bytes && name == interface + ":") return bytes;
  }
  throw std::invalid_argument("there is no " + interface);
}

}  // namespace
GLUSTER_EXPORT(received)

namespace gluster::tests {
namespace {

constexpr std::size_t kMiB = 1 << 20;
using ByHost = std::map<std::string, std::uint64_t>;

class SeveralTest : public testing::Test {
 protected:
  SeveralTest() {
    cluster().import_functions(kernel("gate"));
    cluster().import_self();
  }
  // One call on each runner, all at the same time.
  template <class R>
  static std::vector<Job<R>> on_each(const std::string& name, const auto&... arguments) {
    Gate gate;
    std::vector<Job<R>> jobs;
    auto workers = static_cast<std::size_t>(cluster().workers());
    for (std::size_t i = 0; i < workers; ++i) jobs.push_back(cluster().run<R>(name, gate.path(), arguments...));
    EXPECT_TRUE(gate.reached_by(workers));
    gate.open();
    wait_all(jobs);
    return jobs;
  }
  static ByHost received_by_all(const char* interface) {
    ByHost bytes;
    EXPECT_TRUE(comes_true([&] {
      std::vector<Job<std::uint64_t>> jobs;
      for (int i = 0; i < 2 * cluster().workers(); ++i) jobs.push_back(cluster().run<std::uint64_t>("received", interface));
      for (auto& job : jobs) job.wait(), bytes[job.info().host] = job.get();
      return bytes.size() == 4;
    }));
    return bytes;
  }
  // How often each host has received `size` bytes in between.
  static ByHost times(std::uint64_t size, const ByHost& before, const ByHost& after) {
    ByHost all;
    for (const auto& [host, bytes] : after) all[host] = (bytes - before.at(host)) / size;
    return all;
  }
  static std::vector<double> numbers(std::size_t bytes) {
    std::vector<double> values(bytes / sizeof(double));
    std::iota(values.begin(), values.end(), 1.0);
    return values;
  }
  static inline const ByHost kOnceEachOther{{"n1", 0}, {"n2", 1}, {"n3", 1}, {"n4", 1}};  // the master is on n1
};

TEST_F(SeveralTest, TwoRanksAreOnEachOfFourHosts) {
  ByHost ranks{{"n1", 1}};  // the master
  for (const RunnerInfo& runner : cluster().runners()) ++ranks[runner.host];
  EXPECT_EQ(ranks, (ByHost{{"n1", 2}, {"n2", 2}, {"n3", 2}, {"n4", 2}}));
}

TEST_F(SeveralTest, APluginThatOneHostHasIsSentOnceToEachOther) {
  auto file = std::filesystem::path(std::getenv("HOST_TMPDIR")) / "libheavy.so";
  std::ofstream(file, std::ios::binary) << bytes_of(kernel("gate")) << std::string(8 * kMiB, '.');
  cluster().import_functions(file);
  ByHost before = received_by_all("eth0");
  on_each<std::int64_t>("heavy.passes");
  EXPECT_EQ(times(8 * kMiB, before, received_by_all("eth0")), kOnceEachOther);
}

TEST_F(SeveralTest, SharedDataIsSentOnceToEachOther) {
  auto values = numbers(8 * kMiB);
  double sum = std::accumulate(values.begin(), values.end(), 0.0);
  ByHost before = received_by_all("eth0");
  auto shared = cluster().share(std::move(values));
  for (auto& job : on_each<double>("gate.sums", shared)) EXPECT_EQ(job.get(), sum);
  EXPECT_EQ(times(8 * kMiB, before, received_by_all("eth0")), kOnceEachOther);
}

TEST_F(SeveralTest, ValuesOfTheMastersHostDoNotGoThroughTheNetwork) {
  auto values = numbers(4 * kMiB);
  ByHost before = received_by_all("eth0"), before_at_home = received_by_all("lo");
  auto jobs = on_each<std::vector<double>>("gate.carries", values);
  EXPECT_EQ(times(4 * kMiB, before, received_by_all("eth0")), (ByHost{{"n1", 6}, {"n2", 2}, {"n3", 2}, {"n4", 2}}));
  EXPECT_EQ(times(4 * kMiB, before_at_home, received_by_all("lo")), (ByHost{{"n1", 0}, {"n2", 0}, {"n3", 0}, {"n4", 0}}));
  std::set<int> runners;
  for (auto& job : jobs) {
    runners.insert(job.info().runner);
    EXPECT_TRUE(job.get() == values);
  }
  EXPECT_EQ(runners.size(), jobs.size());
}

TEST_F(SeveralTest, ASlowHostHoldsUpNoOther) {
  const char* slow = std::getenv("GLUSTER_TEST_SLOW_HOST");
  if (slow == nullptr) GTEST_SKIP() << "no host is slow here";
  auto values = numbers(4 * kMiB);
  Gate gate;
  std::vector<Job<std::vector<double>>> jobs;
  for (int i = 0; i < cluster().workers(); ++i) jobs.push_back(cluster().run<std::vector<double>>("gate.carries", gate.path(), values));
  EXPECT_TRUE(gate.reached_by(jobs.size()));
  gate.open();
  std::vector<std::string> hosts;
  for (auto& job : as_completed(jobs)) hosts.push_back(job.info().host);
  ASSERT_EQ(hosts.size(), 7u);
  EXPECT_EQ(std::count(hosts.end() - 2, hosts.end(), slow), 2) << "its values come last";
}

// The last, since no other host can be used after it.
TEST_F(SeveralTest, AHostThatIsNamedGetsAllCalls) {
  cluster().use_host("n3");
  EXPECT_EQ(cluster().workers(), 2);
  for (auto& job : on_each<std::int64_t>("gate.passes")) EXPECT_EQ(job.info().host, "n3");
}

}  // namespace
}  // namespace gluster::tests
