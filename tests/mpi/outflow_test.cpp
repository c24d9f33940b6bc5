#include "mpi/outflow.hpp"

#include <gmock/gmock.h>

namespace gluster::mpi {
namespace {

using namespace std::chrono_literals;

class OutflowTest : public testing::Test {
 protected:
  // One frame that takes so long.
  void send(std::size_t bytes, Outflow::Clock::duration takes) {
    auto ticket = outflow.begin(bytes, now);
    now += takes;
    outflow.end(ticket, now);
  }

  Outflow outflow;
  Outflow::Clock::time_point now = Outflow::Clock::now();
};

TEST_F(OutflowTest, SendsOneAfterTheOtherOverASlowCable) {
  send(1'000'000, 100ms);
  EXPECT_TRUE(outflow.has_room(now));
  auto first = outflow.begin(1'000'000, now);
  now += 70ms;
  EXPECT_FALSE(outflow.has_room(now));
  outflow.end(first, now);
  EXPECT_TRUE(outflow.has_room(now));
}

TEST_F(OutflowTest, BeginsTheNextShortlyBeforeTheLastIsAcknowledged) {
  send(1'000'000, 100ms);
  auto first = outflow.begin(1'000'000, now);
  now += 80ms;
  EXPECT_TRUE(outflow.has_room(now));
  auto second = outflow.begin(1'000'000, now);
  now += 80ms;
  EXPECT_FALSE(outflow.has_room(now)) << "but one only";
  outflow.end(first, now);
  EXPECT_TRUE(outflow.has_room(now));
  outflow.end(second, now);
}

TEST_F(OutflowTest, SendsAsManyAtATimeAsAFastCableHolds) {
  send(1'000'000, 100us);  // 10 GB/s: 20 MB in 2 ms
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(outflow.has_room(now)) << i;
    outflow.begin(1'000'000, now);
  }
  EXPECT_FALSE(outflow.has_room(now));
}

TEST_F(OutflowTest, DoesNotWaitForEachAcknowledgementWhereTheCableIsFast) {
  send(100'000, 1ms);  // 1 MB in 10 ms
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(outflow.has_room(now)) << i;
    outflow.begin(100'000, now);
    now += 1ms;
  }
  EXPECT_FALSE(outflow.has_room(now));
}

TEST_F(OutflowTest, IsNotHeldUpByWhoDoesNotTakeWhatIsSent) {
  send(1'000'000, 100ms);
  auto stuck = outflow.begin(1'000'000, now);
  now += 600ms;
  EXPECT_TRUE(outflow.has_room(now));
  auto next = outflow.begin(1'000'000, now);
  now += 70ms;
  EXPECT_FALSE(outflow.has_room(now)) << "but by who does";
  now += 30ms;
  outflow.end(next, now);
  EXPECT_TRUE(outflow.has_room(now));
  now += 10s;
  outflow.end(stuck, now);
  outflow.begin(1'000'000, now);
  EXPECT_TRUE(outflow.has_room(now + 100ms)) << "one that was stuck is no measure of the cable";
}

}  // namespace
}  // namespace gluster::mpi
