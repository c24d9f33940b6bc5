// How a map's items are cut into chunks: what is made and drawn ahead, what ends early, what goes out again.
#include <gluster/map.hpp>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <ranges>
#include <set>

#include <gmock/gmock.h>

#include "base/tickets.hpp"
#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"

namespace gluster::tests {
namespace {

std::int64_t square(std::int64_t x) { return x * x; }
std::int64_t nap(std::int64_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}
// Naps once in a while.
std::int64_t nap_at(std::int64_t x, std::int64_t begin, std::int64_t end) { return begin <= x && x < end ? nap(6), x : x; }
std::string nap_and_repeat(const std::string& text, std::int64_t milliseconds) { return nap(milliseconds), text + text; }
// Large and slow from some item on: two fill the window.
std::atomic<int> large_ones = 0;
std::vector<std::byte> large_from(std::int64_t x, std::int64_t begin) {
  if (x < begin) return {};
  nap(6);
  ++large_ones;
  return std::vector<std::byte>(std::size_t{33} << 20);
}

// Items that have been run.
std::atomic<std::size_t> marks = 0;
void mark(std::int64_t) { ++marks; }

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(square, gluster::tests::square)
GLUSTER_EXPORT_AS(nap_at, gluster::tests::nap_at)
GLUSTER_EXPORT_AS(large_from, gluster::tests::large_from)
GLUSTER_EXPORT_AS(nap_and_repeat, gluster::tests::nap_and_repeat)
GLUSTER_EXPORT_AS(mark, gluster::tests::mark)

namespace gluster::tests {
namespace {

class MapChunksTest : public LocalClusterTest {
 protected:
  MapChunksTest() { marks = 0; }
  std::vector<std::int64_t> numbers(std::int64_t count) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
};

TEST_F(MapChunksTest, TakesFromARangeThatIsMadeAsItGoesNoMoreThanItsWindow) {
  std::int64_t made = 0, used = 0;
  auto making = std::views::iota(0, 1000) | std::views::transform([&](int x) {
                  ++made;
                  return std::int64_t{x};
                });
  auto map = cluster->map<std::int64_t>("square", making, MapOptions{.window = 10});
  for (std::int64_t value : map) {
    EXPECT_EQ(value, used * used);
    ++used;
    EXPECT_LE(made, used + 10);
  }
  EXPECT_EQ(used, 1000);
  EXPECT_EQ(made, 1000);
}

// Inputs that take a millisecond each to be made.
auto slowly(int& made, int count) {
  return std::views::iota(0, count) | std::views::transform([&made](int x) {
           std::this_thread::sleep_for(std::chrono::milliseconds(1));
           return ++made, std::int64_t{x};
         });
}

TEST_F(MapChunksTest, GivesWhatIsDoneWhileInputsAreStillBeingMade) {
  cluster->map<std::int64_t>("square", numbers(1000)).get();
  int made = 0, had = 0;
  for (auto& item : cluster->map<std::int64_t>("square", slowly(made, 200)).items()) {
    EXPECT_EQ(item.index, static_cast<std::size_t>(had++));
    EXPECT_LE(made - had, 20) << "made ahead";
  }
  EXPECT_EQ(had, 200);
}

TEST_F(MapChunksTest, MakesNoMoreOfAnEndlessRangeThanItMay) {
  int made = 0, had = 0;
  auto endless = std::views::iota(0) | std::views::transform([&](int x) { return ++made, std::int64_t{x}; });
  for (std::int64_t value : cluster->map<std::int64_t>("square", endless)) {
    EXPECT_EQ(value, std::int64_t{had} * had);
    if (++had == 10) break;
  }
  EXPECT_LT(made, 2'000'000);
}

// Dear items next to one another after many cheap ones: the chunk that has them ends early, and the others of it go out again.
TEST_F(MapChunksTest, EveryItemIsThereOnceWhereChunksEndEarly) {
  constexpr std::int64_t kBegin = 30'000, kEnd = kBegin + 5;
  auto check = [&](auto&& inputs) {
    std::vector<std::int64_t> values = cluster->map<std::int64_t>("nap_at", inputs, kBegin, kEnd).get();
    EXPECT_EQ(values, numbers(40'000));
  };
  check(std::views::iota(0, 40'000));
  check(numbers(40'000));
  check(cluster->share(numbers(40'000)));
  check(std::views::iota(0, 40'000) | std::views::transform([](int x) { return x; }));
  EXPECT_EQ(cluster->map_reduce("nap_at", std::views::iota(0, 40'000), "add", std::int64_t{0}, {}, kBegin, kEnd), 40'000 * 39'999LL / 2);
}

TEST_F(MapChunksTest, LargeItemsGoOutAgainWithWhatTheyPointTo) {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.emplace_back(static_cast<std::size_t>(i % 3 == 0 ? 3'000 : i), static_cast<char>('a' + i % 26));
  auto naps = [](std::size_t i) { return 100 <= i && i < 104 ? 6 : 0; };
  auto made = std::views::iota(std::size_t{0}, texts.size()) | std::views::transform([&](std::size_t i) { return std::pair(texts[i], naps(i)); });
  std::vector<std::string> values = cluster->starmap<std::string>("nap_and_repeat", made).get();
  ASSERT_EQ(values.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(values[i], texts[i] + texts[i]) << i;
}

TEST_F(MapChunksTest, ItemsOfAChunkThatEndedEarlyComeAlsoWhenResultsFillTheWindow) {
  constexpr std::int64_t kLarge = 370;
  large_ones = 0;
  auto made = std::views::iota(std::int64_t{0}, std::int64_t{400}) | std::views::transform([](std::int64_t x) { return x; });
  std::size_t all = 0, large = 0;
  for (const auto& value : cluster->map<std::vector<std::byte>>("large_from", made, kLarge)) {
    bool is_near = ++all > 364 && all < kLarge;
    ASSERT_TRUE(!is_near || eventually([] { return large_ones >= 2; }));
    large += !value.empty();
  }
  EXPECT_EQ(all, 400u);
  EXPECT_EQ(large, 30u);
}

// The word that a map's indices are drawn from; no other shared data is there.
base::Tickets& tickets_in(std::span<std::byte> memory) { return *reinterpret_cast<base::Tickets*>(memory.data()); }

class LostDrawTest : public MapChunksTest {
 protected:
  // Some is drawn by somebody who then is no more; all the same every item is there once.
  template <class F>
  void lose_a_draw(F&& items_of) {
    gate.close();
    auto map = cluster->map<std::int64_t>("wait_for_gate", std::views::iota(0, 40), MapOptions{.chunk = 1});
    ASSERT_TRUE(eventually([&] { return gate.inside() != 0; }));
    EXPECT_EQ(tickets_in(cluster.engine->memory()).draw(7, 0).count, 7u);
    gate.open();
    std::multiset<std::int64_t> values;
    for (auto& item : items_of(map)) values.insert(item.get());
    gate.close();
    EXPECT_EQ(values.size(), 40u);
    EXPECT_EQ(std::set(values.begin(), values.end()).size(), 40u);
  }
};

TEST_F(LostDrawTest, GoesOutAgainInOrder) {
  lose_a_draw([](auto& map) { return map.items(); });
}

TEST_F(LostDrawTest, GoesOutAgainAfterAllOthers) {
  lose_a_draw([](auto& map) { return map.as_completed(); });
}

TEST_F(MapChunksTest, NoMoreIndicesAreDrawnThanItsWindow) {
  auto map = cluster->map<void>("mark", std::views::iota(0, 1000), MapOptions{.chunk = 1, .window = 10});
  EXPECT_TRUE(eventually([] { return marks == 10; }));
  EXPECT_EQ(tickets_in(cluster.engine->memory()).draw(1, 0).count, 0u) << "the limit";
  std::size_t items = 0;
  for (auto& item : map.items()) {
    item.get();
    EXPECT_LE(tickets_in(cluster.engine->memory()).drawn(), item.index + 11);
    ++items;
  }
  EXPECT_EQ(items, 1000u);
}

TEST_F(MapChunksTest, GoesOnWhileNobodyAsksForResults) {
  auto inputs = numbers(2000);
  auto map = cluster->map<void>("mark", inputs, MapOptions{.chunk = 1});
  EXPECT_TRUE(eventually([] { return marks == 2000; })) << "looks at what the kernel did alone";
  map.get();
}

}  // namespace
}  // namespace gluster::tests
