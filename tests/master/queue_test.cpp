#include "master/queue.hpp"

#include <memory>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::master {
namespace {

using testing::ElementsAre;

Queue::JobPointer job(std::uint64_t number, int priority = 0) {
  auto made = std::make_shared<detail::Value<void>>(nullptr);
  made->call.number = number;
  made->call.priority = priority;
  return made;
}

std::vector<std::uint64_t> numbers(Queue& queue) {
  std::vector<std::uint64_t> all;
  while (!queue.empty()) all.push_back(queue.pop()->call.number);
  return all;
}

TEST(QueueTest, EqualsLeaveInTheOrderInWhichTheyCame) {
  Queue queue;
  for (std::uint64_t number : {1, 2, 3}) queue.push(job(number));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.front()->call.number, 1u);
  EXPECT_THAT(numbers(queue), ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(QueueTest, HigherPrioritiesLeaveFirst) {
  Queue queue;
  queue.push(job(1));
  queue.push(job(2, -5));
  queue.push(job(3, 7));
  queue.push(job(4));
  queue.push(job(5, 7));
  EXPECT_THAT(numbers(queue), ElementsAre(3, 5, 1, 4, 2));
}

TEST(QueueTest, WhatIsPutBackLeavesAheadOfItsEqualsAlone) {
  Queue queue;
  queue.push(job(1));
  queue.push(job(2, 1));
  queue.push_front(job(3));
  EXPECT_THAT(numbers(queue), ElementsAre(2, 3, 1));
}

TEST(QueueTest, TakesOutWhatItHolds) {
  Queue queue;
  auto middle = job(2), only = job(4, 3);
  queue.push(job(1));
  queue.push(middle);
  queue.push(job(3));
  queue.push(only);
  EXPECT_TRUE(queue.erase(middle));
  EXPECT_TRUE(queue.erase(only));
  EXPECT_FALSE(queue.erase(middle)) << "it is here no more";
  EXPECT_FALSE(queue.erase(job(1))) << "another job with the number of one that is";
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_THAT(numbers(queue), ElementsAre(1, 3));
}

}  // namespace
}  // namespace gluster::master
