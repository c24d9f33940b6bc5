// Large arguments are not copied on their way: a block takes its own size once on the master and once on the runner.
#include "on_master.hpp"

#include <malloc.h>

namespace gluster::tests {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kSlack = 64 * kMiB;  // what MPI and the library may take meanwhile

std::int64_t line_of(const char* file, const char* name) {
  std::ifstream in(file);
  for (std::string word; in >> word;)
    if (std::int64_t kilobytes = 0; word == name && in >> kilobytes) return kilobytes * 1024;
  return 0;
}
std::int64_t resident() { return line_of("/proc/self/status", "VmRSS:"); }
std::int64_t peak() { return line_of("/proc/self/status", "VmHWM:"); }

std::uint64_t mix(std::span<const double> values) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += static_cast<std::uint64_t>(values[i]) * (2 * i + 1);
  return sum;
}

using Seen = std::pair<std::uint64_t, std::int64_t>;

// With one runner, or alone: then both sides are one process, and its peak is the sum.
class MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::int64_t free = line_of("/proc/meminfo", "MemAvailable:"); free < 8192 * kMiB)
      GTEST_SKIP() << "MemAvailable is " << free / kMiB << " MiB; this test wants 8192";
    cluster().import_functions(kernel("memory"));
    // What earlier tests left is given back when both sides rest; a status disturbs nobody's rest.
    auto there = [] { return static_cast<std::int64_t>(cluster().status(std::chrono::seconds(10)).runners.front().memory); };
    ASSERT_TRUE(comes_true([&] { return ::malloc_trim(0), resident() < 300 * kMiB && there() < 300 * kMiB; }));
    cluster().run<void>("memory.forget_peak").get();
    std::ofstream("/proc/self/clear_refs") << 5;
    here_ = resident();
    there_ = cluster().run<std::int64_t>("memory.peak_memory").get();
  }
  static bool is_alone() { return cluster().runners().front().rank == 0; }
  static std::vector<double> numbers(std::int64_t bytes) {
    std::vector<double> values(static_cast<std::size_t>(bytes) / sizeof(double));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 1'000'003);
    return values;
  }
  // Both sides grew by so many bytes at most.
  void expect_growth(std::int64_t here, std::int64_t there, const Seen& seen) const {
    if (is_alone()) here += there, there = here;
    EXPECT_LE((peak() - here_) / kMiB, (here + here / 50 + kSlack) / kMiB) << "MiB on the master";
    EXPECT_LE((seen.second - there_) / kMiB, (there + there / 50 + kSlack) / kMiB) << "MiB on the runner";
  }

  static constexpr std::int64_t kBytes = 1024 * kMiB;
  std::int64_t here_ = 0, there_ = 0;
};

TEST_F(MemoryTest, AMovedVectorIsThereOnceOnEachSide) {
  auto values = numbers(kBytes);
  const std::uint64_t sum = mix(values);
  Seen seen = cluster().run<Seen>("memory.of_vector", std::move(values)).get();
  EXPECT_EQ(seen.first, sum);
  expect_growth(kBytes, kBytes, seen);
}

TEST_F(MemoryTest, AnLvalueIsThereOnceMore) {
  auto values = numbers(kBytes);
  Seen seen = cluster().run<Seen>("memory.of_vector", values).get();
  EXPECT_EQ(seen.first, mix(values));
  expect_growth(2 * kBytes, kBytes, seen);
}

TEST_F(MemoryTest, ABorrowedSpanIsThereOnceOnEachSide) {
  auto values = numbers(kBytes);
  Seen seen = cluster().run<Seen>("memory.of_span", std::span(values)).get();
  EXPECT_EQ(seen.first, mix(values));
  expect_growth(kBytes, kBytes, seen);
}

TEST_F(MemoryTest, MoreThanTwoGibibytesArriveIntact) {
  auto values = numbers(2560 * kMiB);
  Seen seen = cluster().run<Seen>("memory.of_span", std::span(values)).get();
  EXPECT_EQ(seen.first, mix(values));
  expect_growth(2560 * kMiB, 2560 * kMiB, seen);
}

}  // namespace
}  // namespace gluster::tests
