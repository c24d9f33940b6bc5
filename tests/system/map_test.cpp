// Maps across runners.
#include "on_master.hpp"

#include <numeric>

namespace gluster::tests {
namespace {

class MapTest : public testing::Test {
 protected:
  MapTest() {
    for (const char* name : {"numbers", "gate", "faulty"}) cluster().import_functions(kernel(name));
  }
};

TEST_F(MapTest, GivesEveryItemItsValue) {
  std::vector<std::int64_t> inputs(200'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  auto values = cluster().map<std::int64_t>("numbers.add", inputs, std::int64_t{5}).get();
  ASSERT_EQ(values.size(), inputs.size());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], inputs[i] + 5);
}

TEST_F(MapTest, TakesSharedDataWhereItLies) {
  std::vector<std::int64_t> inputs(100'000);
  std::iota(inputs.begin(), inputs.end(), 7);
  auto all = cluster().share(inputs);
  auto part = all.part(10, 90'000);
  std::int64_t expected = 12;
  for (std::int64_t value : cluster().map<std::int64_t>("numbers.add", all, std::int64_t{5})) ASSERT_EQ(value, expected++);
  expected = 22;
  for (std::int64_t value : cluster().map<std::int64_t>("numbers.add", std::move(part), MapOptions{.chunk = 7}, std::int64_t{5}))
    ASSERT_EQ(value, expected++);
  EXPECT_EQ(expected, 90'022);
  std::int64_t sum = std::accumulate(inputs.begin(), inputs.end(), std::int64_t{0});
  EXPECT_EQ(cluster().map_reduce("numbers.add", all, "numbers.add", std::int64_t{0}, {}, std::int64_t{0}), sum);
  EXPECT_THAT(cluster().map<std::int64_t>("numbers.add", all.part(0, 0), std::int64_t{5}).get(), testing::IsEmpty());
}

TEST_F(MapTest, ConvertsSharedDataAsItDoesOthers) {
  auto small = cluster().share(std::vector<std::int16_t>{-3, 4});
  EXPECT_THAT(cluster().map<std::int64_t>("numbers.add", small, std::int64_t{5}).get(), testing::ElementsAre(2, 9));
  auto halves = cluster().share(std::vector<double>{1, 0.5});
  EXPECT_THROWS_WITH(cluster().map<std::int64_t>("numbers.add", halves, std::int64_t{5}).get(), UsageError, "item 1", "0.5");
}

TEST_F(MapTest, RefusesSharedDataThatIsNotSealed) {
  auto open = cluster().allocate<std::int64_t>(3);
  EXPECT_THROW(cluster().map<std::int64_t>("numbers.add", open, std::int64_t{5}).get(), UsageError);
}

TEST_F(MapTest, LargeValuesComeBackWhole) {
  auto values = cluster().map<std::vector<std::int64_t>>("numbers.squares", std::views::iota(0, 500)).get();
  ASSERT_EQ(values.size(), 500u);
  for (std::size_t i = 1; i < values.size(); ++i) {
    ASSERT_EQ(values[i].size(), i);
    ASSERT_EQ(values[i].back(), static_cast<std::int64_t>((i - 1) * (i - 1)));
  }
}

TEST_F(MapTest, ReducesOnRunnersAndMaster) {
  EXPECT_EQ(cluster().map_reduce("numbers.add", std::views::iota(0, 100'000), "numbers.add", std::int64_t{0}, {}, std::int64_t{1}), 5'000'050'000);
}

TEST_F(MapTest, UsesEveryRunnerAtOnce) {
  Gate gate;
  auto count = static_cast<std::size_t>(cluster().workers());
  auto map = cluster().map<std::int64_t>("gate.passes", std::vector<std::string>(count, gate.path()));
  EXPECT_TRUE(gate.reached_by(count));
  gate.open();
  EXPECT_EQ(map.get().size(), count);
}

TEST_F(MapTest, SaysWhichItemFailedAndWhere) {
  std::vector<std::pair<int, int>> inputs(1000, {1, 1});
  auto map = cluster().starmap<std::tuple<std::int64_t, std::int64_t>>("numbers.divide", inputs);
  EXPECT_EQ(map.get().size(), 1000u);
  std::vector<std::string> messages(100, "no");
  std::size_t failed = 0;
  for (auto& item : cluster().map<void>("faulty.throws", messages, MapOptions{.on_error = OnError::collect}).as_completed()) {
    EXPECT_THROWS_WITH(item.get(), KernelError, "item " + std::to_string(item.index), "on rank ");
    ++failed;
  }
  EXPECT_EQ(failed, 100u);
}

TEST_F(MapTest, TwoAtOnceDoNotMix) {
  auto one = cluster().map<std::int64_t>("numbers.add", std::views::iota(0, 5000), std::int64_t{1});
  auto other = cluster().map<std::int64_t>("numbers.add", std::views::iota(0, 5000), std::int64_t{2});
  std::int64_t at = 0;
  auto right = other.begin();
  for (std::int64_t left : one) {
    ASSERT_EQ(left, at + 1);
    ASSERT_EQ(*right, at + 2);
    ++right, ++at;
  }
}

}  // namespace
}  // namespace gluster::tests
