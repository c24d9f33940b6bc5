#include "base/arena.hpp"

#include <random>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

constexpr std::size_t kUnit = Arena::kUnit;

TEST(ArenaTest, GivesTheLowestThatIsLargeEnough) {
  Arena arena(10 * kUnit);
  EXPECT_EQ(arena.take(kUnit), 0u);
  EXPECT_EQ(arena.take(1), kUnit);
  EXPECT_EQ(arena.take(3 * kUnit - 1), 2 * kUnit);
  arena.give(0, kUnit);
  EXPECT_EQ(arena.take(2 * kUnit), 5 * kUnit);
  EXPECT_EQ(arena.take(0), 0u) << "nothing has a place of its own too";
}

TEST(ArenaTest, GivesFromTheOtherEndToo) {
  Arena arena(10 * kUnit);
  EXPECT_EQ(arena.take_last(kUnit + 1), 8 * kUnit);
  EXPECT_EQ(arena.take(kUnit), 0u);
  EXPECT_EQ(arena.take_last(7 * kUnit), kUnit);
  EXPECT_FALSE(arena.take_last(1));
  EXPECT_FALSE(arena.take(1));
  arena.give(8 * kUnit, kUnit + 1);
  arena.give(kUnit, 7 * kUnit);
  EXPECT_FALSE(arena.take_last(~std::size_t{0}));
  EXPECT_EQ(arena.take_last(9 * kUnit), kUnit);
}

TEST(ArenaTest, SaysWhenThereIsNoRoom) {
  Arena arena(2 * kUnit + 7);
  EXPECT_FALSE(arena.take(2 * kUnit + 1));
  EXPECT_FALSE(arena.take(~std::size_t{0}));
  EXPECT_EQ(arena.take(2 * kUnit), 0u);
  EXPECT_FALSE(arena.take(1));
  EXPECT_FALSE(Arena(0).take(1));
  EXPECT_FALSE(Arena(kUnit - 1).take(1));
}

TEST(ArenaTest, WhatIsGivenBackIsOneAgain) {
  Arena arena(64 * kUnit);
  std::mt19937 random(7);
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (int round = 0; round < 1000; ++round) {
    if (std::size_t bytes = random() % (9 * kUnit); random() % 2 == 0) {
      if (auto offset = arena.take(bytes)) parts.emplace_back(*offset, bytes);
    } else if (!parts.empty()) {
      std::swap(parts[random() % parts.size()], parts.back());
      arena.give(parts.back().first, parts.back().second);
      parts.pop_back();
    }
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        ASSERT_TRUE(parts[i].first + parts[i].second <= parts[j].first || parts[j].first + parts[j].second <= parts[i].first);
  }
  for (auto [offset, bytes] : parts) arena.give(offset, bytes);
  EXPECT_EQ(arena.take(64 * kUnit), 0u);
}

}  // namespace
}  // namespace gluster::base
