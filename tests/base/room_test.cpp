#include "base/room.hpp"

#include <gtest/gtest.h>

namespace gluster::base {
namespace {

class RoomTest : public testing::Test {
 protected:
  bool grant(std::uint64_t bytes) {
    return room.grant(bytes, now, [this] { return ++asked, available; });
  }

  Room room;
  Room::Clock::time_point now = Room::Clock::now();
  std::uint64_t available = 100;
  int asked = 0;
};

TEST_F(RoomTest, AsksOnceForManyBlocks) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(grant(10));
  EXPECT_EQ(asked, 1);
}

TEST_F(RoomTest, WhatWasGrantedIsNotGrantedAgain) {
  EXPECT_TRUE(grant(60));
  available = 40;  // the block is there now
  EXPECT_FALSE(grant(50));
  EXPECT_EQ(asked, 2) << "before it refuses";
}

TEST_F(RoomTest, WhatWasFreedIsGranted) {
  EXPECT_TRUE(grant(60));
  EXPECT_TRUE(grant(60)) << "100 can be had again";
}

TEST_F(RoomTest, RefusesWhatIsTooLargeEachTime) {
  EXPECT_FALSE(grant(101));
  EXPECT_FALSE(grant(101));
  EXPECT_TRUE(grant(100));
}

TEST_F(RoomTest, WhatWasHeardIsForgottenAfterAWhile) {
  EXPECT_TRUE(grant(10));
  available = 5;  // somebody else took it
  now += std::chrono::seconds(1);
  EXPECT_FALSE(grant(10));
}

}  // namespace
}  // namespace gluster::base
