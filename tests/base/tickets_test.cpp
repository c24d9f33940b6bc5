#include "base/tickets.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

using testing::ElementsAre;

std::vector<std::uint32_t> counts(Tickets& tickets, std::uint32_t most, std::uint32_t shares) {
  std::vector<std::uint32_t> all;
  while (std::uint32_t count = tickets.draw(most, shares).count) all.push_back(count);
  return all;
}

TEST(TicketsTest, AreNoneUntilTheyAreAllowed) {
  Tickets tickets;
  EXPECT_EQ(tickets.draw(10, 1).count, 0u);
  tickets.allow(3);
  Tickets::Range range = tickets.draw(10, 1);
  EXPECT_EQ(range.first, 0u);
  EXPECT_EQ(range.count, 3u);
  EXPECT_EQ(tickets.draw(10, 1).count, 0u) << "beyond the limit";
  tickets.allow(5);
  EXPECT_EQ(tickets.draw(1, 1).first, 3u) << "held, and not lost";
  tickets.allow(2);
  EXPECT_EQ(tickets.draw(10, 1).count, 1u) << "a limit never sinks";
  EXPECT_EQ(tickets.drawn(), 5u);
}

TEST(TicketsTest, BecomeFewerNearTheEnd) {
  Tickets tickets;
  tickets.allow(20);
  EXPECT_THAT(counts(tickets, 8, 4), ElementsAre(5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1));
  Tickets given;
  given.allow(20);
  EXPECT_THAT(counts(given, 8, 0), ElementsAre(8, 8, 4)) << "without shares they are what was wanted";
}

TEST(TicketsTest, AreNoneWhenClosed) {
  Tickets tickets;
  tickets.allow(20);
  tickets.draw(5, 1);
  tickets.close();
  EXPECT_EQ(tickets.draw(5, 1).count, 0u);
  EXPECT_EQ(tickets.drawn(), 5u);
}

TEST(TicketsTest, GoUpToTheLargestNumber) {
  Tickets tickets;
  tickets.allow(0xffffffff);
  EXPECT_EQ(tickets.draw(0xffffffff, 1).count, 0xffffffff);
  EXPECT_EQ(tickets.draw(1, 1).count, 0u);
}

TEST(TicketsTest, AreDrawnOnceEachHoweverManyDraw) {
  constexpr std::uint32_t kAll = 200'000;
  Tickets tickets;
  std::vector<std::vector<Tickets::Range>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn)
    threads.emplace_back([&] {
      while (tickets.drawn() < kAll)
        if (auto range = tickets.draw(7, 0); range.count != 0) mine.push_back(range);
    });
  for (std::uint32_t limit = 100; limit <= kAll; limit += 100) tickets.allow(limit);
  for (auto& thread : threads) thread.join();
  std::vector<Tickets::Range> all;
  for (auto& mine : drawn) all.insert(all.end(), mine.begin(), mine.end());
  std::ranges::sort(all, {}, &Tickets::Range::first);
  std::uint32_t next = 0;
  for (auto range : all) {
    ASSERT_EQ(range.first, next);
    next += range.count;
  }
  EXPECT_EQ(next, kAll);
}

}  // namespace
}  // namespace gluster::base
