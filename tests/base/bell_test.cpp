#include "base/bell.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <thread>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

using namespace std::chrono_literals;

constexpr auto kVeryLong = 100s;  // longer than this test may take: who sleeps so long fails it

TEST(BellTest, DoesNotSleepOnWhatHasCome) {
  Bell bell;
  bell.sleep(kVeryLong, [] { return true; });
}

TEST(BellTest, SleepsForAsLongAsItIsToldTo) {
  Bell bell;
  auto before = std::chrono::steady_clock::now();
  bell.sleep(20ms, [] { return false; });
  EXPECT_GE(std::chrono::steady_clock::now() - before, 15ms);
}

TEST(BellTest, ARingBeforehandWakesNobodyLater) {
  Bell bell;
  bell.ring();
  auto before = std::chrono::steady_clock::now();
  bell.sleep(20ms, [] { return false; });
  EXPECT_GE(std::chrono::steady_clock::now() - before, 15ms) << "what it was rung for has been seen";
}

TEST(BellTest, WakesWhoSleepsHoweverTheTwoMeet) {
  Bell bell;
  std::atomic<int> brought = 0;
  constexpr int kTimes = 20'000;
  std::thread sleeper([&] {
    for (int seen = 0; seen < kTimes; seen = brought.load()) bell.sleep(kVeryLong, [&] { return brought.load() != seen; });
  });
  for (int i = 0; i < kTimes; ++i) {
    ++brought;
    bell.ring();
    if (i % 3 == 0) std::this_thread::yield();
  }
  sleeper.join();
}

TEST(BellTest, WakesAllWhoSleep) {
  Bell bell;
  std::atomic<bool> over = false;
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 4; ++i) sleepers.emplace_back([&] { bell.sleep(kVeryLong, [&] { return over.load(); }); });
  over.store(true);
  bell.ring();
  for (auto& sleeper : sleepers) sleeper.join();
}

TEST(BellTest, WakesAnotherProcess) {
  void* shared = ::mmap(nullptr, sizeof(Bell) + sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* bell = new (shared) Bell;
  auto* come = new (static_cast<std::byte*>(shared) + sizeof(Bell)) std::atomic<bool>(false);
  pid_t child = ::fork();
  if (child == 0) {
    bell->sleep(kVeryLong, [&] { return come->load(); });
    ::_exit(come->load() ? 7 : 8);
  }
  come->store(true);
  bell->ring();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  ::munmap(shared, sizeof(Bell) + sizeof(std::atomic<bool>));
}

}  // namespace
}  // namespace gluster::base
