#include "master/chunk_sizer.hpp"

#include <cstdint>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::master {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kNobodyKnows = -1;

// The sizes of `count` chunks in a row, of items that take so long and so many bytes.
std::vector<std::int64_t> sizes(ChunkSizer& sizer, int count, double nanoseconds, double bytes) {
  std::vector<std::int64_t> all;
  for (int i = 0; i < count; ++i) {
    std::int64_t size = sizer.next(kNobodyKnows, 2);
    all.push_back(size);
    sizer.ended(size, static_cast<std::int64_t>(nanoseconds * static_cast<double>(size)),
                static_cast<std::uint64_t>(bytes * static_cast<double>(size)));
  }
  return all;
}

TEST(ChunkSizerTest, BeginsWithOneItemAndGrowsStepByStep) {
  ChunkSizer sizer(0);
  std::vector<std::int64_t> all = sizes(sizer, 12, 1, 0);
  EXPECT_EQ(all[0], 1);
  for (std::size_t i = 1; i < all.size(); ++i) {
    EXPECT_GE(all[i], all[i - 1]) << i;
    EXPECT_LE(all[i], 8 * all[i - 1]) << i;
  }
  EXPECT_GE(all.back(), 10'000) << "empty items travel in large chunks";
}

TEST(ChunkSizerTest, ItemsOfTenMicrosecondsTravelForAboutAMillisecond) {
  ChunkSizer sizer(0);
  EXPECT_EQ(sizes(sizer, 20, 10'000, 0).back(), 100);
}

TEST(ChunkSizerTest, LongItemsTravelOneByOne) {
  ChunkSizer sizer(0);
  EXPECT_THAT(sizes(sizer, 20, 1000.0 * kMillisecond, 0), testing::Each(1));
}

TEST(ChunkSizerTest, LargeItemsAreBoundByTheirBytes) {
  ChunkSizer sizer(0);
  EXPECT_EQ(sizes(sizer, 20, 1, 64 << 10).back(), 16);
}

TEST(ChunkSizerTest, DearerItemsAreBelievedAtOnce) {
  ChunkSizer sizer(0);
  sizes(sizer, 20, 100, 0);
  sizer.ended(10, 10 * kMillisecond, 0);
  EXPECT_EQ(sizer.next(kNobodyKnows, 2), 1);
}

TEST(ChunkSizerTest, AfterOneThatTookFarTooLongItBeginsAgain) {
  ChunkSizer sizer(0);
  sizes(sizer, 20, 100, 0);
  sizer.was_cut();
  std::vector<std::int64_t> all = sizes(sizer, 5, 100, 0);
  EXPECT_EQ(all.front(), 1);
  EXPECT_GE(all.back(), 1000);
}

TEST(ChunkSizerTest, CheaperItemsAreBelievedByAndBy) {
  ChunkSizer sizer(0);
  sizes(sizer, 20, 100'000, 0);
  std::int64_t before = sizer.next(kNobodyKnows, 2);
  sizer.ended(10, 10, 0);
  std::int64_t after = sizer.next(kNobodyKnows, 2);
  EXPECT_GT(after, before);
  EXPECT_LT(after, 3 * before);
}

TEST(ChunkSizerTest, NearTheEndChunksShrinkSoThatAllWorkersEndTogether) {
  ChunkSizer sizer(0);
  sizes(sizer, 20, 1, 0);
  EXPECT_EQ(sizer.next(800, 2), 100);
  EXPECT_EQ(sizer.next(800, 4), 50);
  EXPECT_EQ(sizer.next(3, 4), 1);
  EXPECT_EQ(sizer.next(800, 0), 200) << "nobody works yet";
}

TEST(ChunkSizerTest, WhatTheUserGaveIsTaken) {
  ChunkSizer sizer(7);
  EXPECT_EQ(sizer.next(kNobodyKnows, 2), 7);
  sizer.ended(7, 7000 * kMillisecond, 1 << 30);
  EXPECT_EQ(sizer.next(3, 2), 7);
}

}  // namespace
}  // namespace gluster::master
