#include <gluster/block.hpp>

#include <cstdint>
#include <thread>

#include <gmock/gmock.h>

namespace gluster {
namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20;  // kept when freed; the pool keeps from 64 KiB on

std::uintptr_t address(const void* data) { return reinterpret_cast<std::uintptr_t>(data); }

// Each test begins with an empty pool.
class BlockTest : public testing::Test {
 protected:
  BlockTest() { BlockPool::of_process().trim(); }
};

TEST_F(BlockTest, IsAlignedAndHoldsWhatIsWritten) {
  for (std::size_t size : {1, 7, 64, 1000, 100'000}) {
    Block<double> block(size);
    EXPECT_EQ(address(block.data()) % 64, 0u) << size;
    ASSERT_EQ(block.size(), size);
    for (std::size_t i = 0; i < size; ++i) block[i] = static_cast<double>(i);
    EXPECT_EQ(block.end()[-1], static_cast<double>(size - 1));
  }
}

TEST_F(BlockTest, OfNothingIsEmpty) {
  EXPECT_TRUE(Block<int>().empty());
  EXPECT_TRUE(Block<int>(0).empty());
  EXPECT_EQ(std::span<const int>(Block<int>(0)).size(), 0u);
}

TEST_F(BlockTest, MovesWithoutCopying) {
  Block<int> one(kLarge);
  one[5] = 7;
  const int* data = one.data();
  Block<int> two = std::move(one);
  EXPECT_EQ(two.data(), data);
  EXPECT_EQ(one.data(), nullptr);  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  EXPECT_TRUE(one.empty());
  one = std::move(two);
  EXPECT_EQ(one[5], 7);
}

TEST_F(BlockTest, GivesTheSameMemoryAgain) {
  const void* first;
  {
    Block<char> block(kLarge);
    first = block.data();
  }
  EXPECT_EQ(Block<char>(kLarge).data(), first);
  EXPECT_EQ(Block<char>(kLarge - 1).data(), first) << "sizes of as many pages are one size";
}

TEST_F(BlockTest, TakesAPieceOnceOnly) {
  { Block<char> block(kLarge); }
  Block<char> one(kLarge), two(kLarge);
  EXPECT_NE(one.data(), two.data());
}

TEST_F(BlockTest, TrimGivesBackWhatIsKept) {
  { Block<char> block(kLarge); }
  EXPECT_TRUE(BlockPool::of_process().trim());
  EXPECT_FALSE(BlockPool::of_process().trim());
}

TEST_F(BlockTest, SmallPiecesAreNotKept) {
  { Block<char> block(100); }
  EXPECT_FALSE(BlockPool::of_process().trim());
}

TEST_F(BlockTest, ANewSizePushesOutOldOnes) {
  auto of = [](std::size_t mebibytes) { return Block<char>(mebibytes << 20); };
  { auto one = of(200), two = of(100); }  // 300 MiB are kept: more than the pool would keep beside a new size
  { auto three = of(1); }
  { auto one = of(200), two = of(100); }  // whichever was pushed out was made anew
  // A block larger than all that may be kept leaves nothing else behind.
  { auto large = of(300); }
  Block<char> large = of(300);
  EXPECT_FALSE(BlockPool::of_process().trim());
}

TEST_F(BlockTest, RefusesASizeBeyondReason) {
  EXPECT_THROW(Block<double>(static_cast<std::size_t>(-1) / 8), std::bad_alloc);
  EXPECT_THROW(Block<double>(static_cast<std::size_t>(-1)), std::bad_alloc);
  EXPECT_THROW(BlockPool::of_process().take(static_cast<std::size_t>(-1)), std::bad_alloc);
}

TEST_F(BlockTest, ManyThreadsShareThePool) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([thread] {
      for (int round = 0; round < 200; ++round) {
        Block<int> block((std::size_t{64} << 10) + static_cast<std::size_t>(round % 3) * 4096);
        std::fill(block.begin(), block.end(), thread);
        for (int value : block) ASSERT_EQ(value, thread) << "two threads have one piece";
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace gluster
