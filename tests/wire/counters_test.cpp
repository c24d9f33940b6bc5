#include "wire/counters.hpp"

#include <thread>

#include <gmock/gmock.h>

namespace gluster::wire {
namespace {

TEST(CountersTest, AreNothingAtFirst) {
  Counters counters;
  Counters::Seen seen = counters.look(1000);
  EXPECT_EQ(seen.kernel, "");
  EXPECT_EQ(seen.calls_done, 0u);
  EXPECT_EQ(seen.busy, 0);
}

TEST(CountersTest, NameTheKernelWhileItRunsAndCountItsTime) {
  Counters counters;
  counters.begin("numbers.add", 1000);
  EXPECT_EQ(counters.look(1300).kernel, "numbers.add");
  EXPECT_EQ(counters.look(1300).busy, 300);
  counters.end(1, 400, 24, 8);
  EXPECT_EQ(counters.look(9000).kernel, "");
  EXPECT_EQ(counters.look(9000).busy, 400);
  counters.begin("", 0);  // again, and too short to be timed
  EXPECT_EQ(counters.look(9000).kernel, "numbers.add");
  EXPECT_EQ(counters.look(9000).busy, 400);
  counters.end(10, 5, 1, 2);
  Counters::Seen seen = counters.look(9000);
  EXPECT_EQ(seen.calls_done, 11u);
  EXPECT_EQ(seen.bytes_in, 25u);
  EXPECT_EQ(seen.bytes_out, 10u);
}

TEST(CountersTest, CutALongNameAndForgetTheOneBefore) {
  Counters counters;
  std::string name(300, 'n');
  counters.begin(name, 1);
  EXPECT_EQ(counters.look(1).kernel, name.substr(0, Counters::kLongestName));
  counters.end(1, 0, 0, 0);
  counters.begin("short", 1);
  EXPECT_EQ(counters.look(1).kernel, "short");
}

TEST(CountersTest, ShowNothingHalf) {
  Counters counters;
  std::atomic<bool> stop = false;
  std::thread runner([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      counters.begin(i % 2 == 0 ? std::string(100, 'a') : "b", 0);
      counters.end(1, 1, 1, 1);
      std::this_thread::yield();
    }
  });
  while (counters.look(0).calls_done == 0) std::this_thread::yield();
  for (int i = 0; i < 10'000; ++i) {
    Counters::Seen seen = counters.look(0);
    ASSERT_TRUE(seen.kernel.empty() || seen.kernel == "b" || seen.kernel == std::string(100, 'a')) << seen.kernel;
    ASSERT_EQ(seen.busy, static_cast<std::int64_t>(seen.calls_done));
    ASSERT_EQ(seen.bytes_in, seen.calls_done);
    ASSERT_EQ(seen.bytes_out, seen.calls_done);
  }
  stop = true;
  runner.join();
}

}  // namespace
}  // namespace gluster::wire
