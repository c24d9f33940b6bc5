#include "runner/patience.hpp"

#include <gmock/gmock.h>

namespace gluster::runner {
namespace {

constexpr std::int64_t kSecond = Patience::kShortest;

TEST(Patience, IsTwiceAsLongWhenWhatWasGivenBackIsSoonWantedAgain) {
  Patience patience;
  EXPECT_EQ(patience.length(), kSecond);
  patience.gave_back(100 * kSecond);
  patience.wanted(101 * kSecond);
  EXPECT_EQ(patience.length(), 2 * kSecond);
  patience.wanted(102 * kSecond);
  EXPECT_EQ(patience.length(), 2 * kSecond) << "it had been kept";
}

TEST(Patience, HasAnEnd) {
  Patience patience;
  for (int i = 1; i < 20; ++i) patience.gave_back(i * kSecond), patience.wanted(i * kSecond + 1);
  EXPECT_EQ(patience.length(), Patience::kLongest);
}

TEST(Patience, IsShortAgainWhenWhatWasGivenBackIsNotWantedForLong) {
  Patience patience;
  patience.gave_back(1 * kSecond);
  patience.wanted(2 * kSecond);
  patience.gave_back(10 * kSecond);
  patience.wanted(10 * kSecond + Patience::kLongest);
  EXPECT_EQ(patience.length(), kSecond);
}

}  // namespace
}  // namespace gluster::runner
