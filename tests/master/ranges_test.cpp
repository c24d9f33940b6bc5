#include "master/ranges.hpp"

#include <gmock/gmock.h>

namespace gluster::master {
namespace {

TEST(RangesTest, KnowTheLowestThatIsMissing) {
  Ranges ranges;
  EXPECT_EQ(ranges.first_gap(), 0u);
  ranges.add(10, 5);
  EXPECT_EQ(ranges.first_gap(), 0u);
  ranges.add(0, 3);
  EXPECT_EQ(ranges.first_gap(), 3u);
  EXPECT_EQ(ranges.end_of_first_gap(100), 10u);
  EXPECT_EQ(ranges.end_of_first_gap(5), 5u);
  ranges.add(7, 3);
  EXPECT_EQ(ranges.first_gap(), 3u);
  EXPECT_EQ(ranges.end_of_first_gap(100), 7u);
  ranges.add(3, 4);  // all neighbours now
  EXPECT_EQ(ranges.first_gap(), 15u);
  ranges.add(15, 0);
  ranges.add(15, 1);
  EXPECT_EQ(ranges.first_gap(), 16u);
  EXPECT_EQ(ranges.end_of_first_gap(100), 100u);
  EXPECT_EQ(ranges.size(), 16u);
}

}  // namespace
}  // namespace gluster::master
