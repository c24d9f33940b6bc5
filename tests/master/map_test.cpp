#include <gluster/map.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <ranges>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::int64_t square(std::int64_t x) { return x * x; }
std::int64_t odd_only(std::int64_t x) {
  if (x % 2 == 0) throw std::out_of_range(fmt::format("{} is even", x));
  return x;
}
std::string join(const std::string& a, const std::string& b) { return a + b; }
std::string letter(std::int64_t x) { return std::string(1, static_cast<char>('a' + x % 26)); }
std::map<std::string, int> count(const std::vector<std::string>& words) {
  std::map<std::string, int> counts;
  for (const auto& word : words) ++counts[word];
  return counts;
}
std::map<std::string, int> merge(std::map<std::string, int> a, const std::map<std::string, int>& b) {
  for (const auto& [word, times] : b) a[word] += times;
  return a;
}
std::int64_t hold(std::int64_t x, std::span<const double>) {
  gate.pass();
  return x;
}
int narrow(std::int8_t x) { return x; }
double same(double x) { return x; }
// Indices that a kernel was called with.
std::mutex marks_mutex;
std::multiset<std::int64_t> marks;
void mark(std::int64_t x) {
  std::lock_guard lock(marks_mutex);
  marks.insert(x);
}
void mark_sum(std::int64_t x, std::span<const double> more, const std::string& text) {
  mark(x + static_cast<std::int64_t>(std::accumulate(more.begin(), more.end(), 0.0)) + static_cast<std::int64_t>(text.size()));
}

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(square, gluster::tests::square)
GLUSTER_EXPORT_AS(odd_only, gluster::tests::odd_only)
GLUSTER_EXPORT_AS(join, gluster::tests::join)
GLUSTER_EXPORT_AS(letter, gluster::tests::letter)
GLUSTER_EXPORT_AS(count, gluster::tests::count)
GLUSTER_EXPORT_AS(merge, gluster::tests::merge)
GLUSTER_EXPORT_AS(hold, gluster::tests::hold)
GLUSTER_EXPORT_AS(narrow, gluster::tests::narrow)
GLUSTER_EXPORT_AS(same, gluster::tests::same)
GLUSTER_EXPORT_AS(mark, gluster::tests::mark)
GLUSTER_EXPORT_AS(mark_sum, gluster::tests::mark_sum)

namespace gluster::tests {
namespace {

class MapTest : public LocalClusterTest {
 protected:
  MapTest() {
    std::lock_guard lock(marks_mutex);
    marks.clear();
  }
  std::vector<std::int64_t> numbers(std::int64_t count) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
};

TEST_F(MapTest, GivesValuesInTheOrderOfTheInputs) {
  std::vector<std::int64_t> values = cluster->map<std::int64_t>("square", numbers(10'000)).get();
  ASSERT_EQ(values.size(), 10'000u);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<std::int64_t>(i * i));
}

TEST_F(MapTest, GoesOverValuesOneByOne) {
  std::int64_t sum = 0;
  for (std::int64_t value : cluster->map<std::int64_t>("square", numbers(100))) sum += value;
  EXPECT_EQ(sum, 328'350);
}

TEST_F(MapTest, OfNothingIsNothing) {
  EXPECT_THAT(cluster->map<std::int64_t>("square", std::vector<std::int64_t>()).get(), IsEmpty());
  EXPECT_THAT(cluster->map<std::int64_t>("square", std::views::iota(std::int64_t{5}, std::int64_t{5})).get(), IsEmpty());
  cluster->parallel_for("mark", 5, 5);
  cluster->parallel_for("mark", 5, 3);
  EXPECT_THAT(marks, IsEmpty());
}

TEST_F(MapTest, TakesIndicesWithoutSendingThem) {
  EXPECT_THAT(cluster->map<std::int64_t>("square", std::views::iota(std::int64_t{-2}, std::int64_t{3})).get(), ElementsAre(4, 1, 0, 1, 4));
  EXPECT_THAT(cluster->map<int>("narrow", std::views::iota(-128, 128), MapOptions{.chunk = 100}).get(), testing::SizeIs(256));
}

TEST_F(MapTest, NamesTheFirstIndexThatDoesNotFit) {
  EXPECT_THROWS_WITH(cluster->map<int>("narrow", std::views::iota(0, 300)).get(), UsageError, "item 128", "i8", "value 128");
  EXPECT_THROWS_WITH(cluster->map<int>("narrow", std::views::iota(-129, 0)).get(), UsageError, "item 0", "value -129");
  constexpr std::int64_t most = std::int64_t{1} << 53;
  EXPECT_THAT(cluster->map<double>("same", std::views::iota(most - 1, most + 1)).get(), ElementsAre(most - 1, most));
  EXPECT_THROWS_WITH(cluster->map<double>("same", std::views::iota(most - 1, most + 3)).get(), UsageError, "item 2", "9007199254740993");
}

TEST_F(MapTest, AnInputThatDoesNotFitIsAnItemThatFails) {
  std::vector<int> inputs(1000, 7);
  inputs[0] = inputs[500] = inputs[501] = inputs[999] = 300;
  std::vector<std::size_t> bad;
  std::size_t good = 0;
  for (auto& item : cluster->map<int>("narrow", inputs, MapOptions{.on_error = OnError::collect}).items()) {
    if (item.error) bad.push_back(item.index);
    else good += item.get() == 7;
  }
  EXPECT_EQ(good, 996u);
  EXPECT_THAT(bad, ElementsAre(0, 500, 501, 999));
}

TEST_F(MapTest, GivesTheValuesBeforeAnInputThatDoesNotFit) {
  std::vector<int> inputs(1000, 7);
  inputs[500] = 300;
  auto map = cluster->map<int>("narrow", inputs);
  std::size_t good = 0;
  auto read = [&] {
    for (int value : map) good += value == 7;
  };
  EXPECT_THROWS_WITH(read(), UsageError, "item 500", "300");
  EXPECT_EQ(good, 500u);
  EXPECT_THROWS_WITH(map.get(), UsageError, "item 500");  // again
}

TEST_F(MapTest, TakesSharedDataWithoutSendingIt) {
  auto shared = cluster->share(std::vector<std::int64_t>{5, 6, 7, 8});
  EXPECT_THAT(cluster->map<std::int64_t>("square", shared).get(), ElementsAre(25, 36, 49, 64));
  EXPECT_THAT(cluster->map<std::int64_t>("square", shared.part(1, 2), MapOptions{.chunk = 1}).get(), ElementsAre(36, 49));
  EXPECT_THROWS_WITH(cluster->map<std::int64_t>("odd_only", shared.part(2, 2)).get(), KernelError, "item 1", "8 is even");
  EXPECT_THAT(cluster->map<std::int64_t>("square", cluster->share(std::vector<int>{-9})).get(), ElementsAre(81)) << "of another type: converted";
}

TEST_F(MapTest, ConvertsAnInputWhoseValueFits) {
  EXPECT_THAT(cluster->map<std::int64_t>("square", std::vector<int>{2, 3}).get(), ElementsAre(4, 9));
  EXPECT_THROWS_WITH(cluster->map<std::int64_t>("square", std::vector<double>{2, 3.5}).get(), UsageError, "item 1", "3.5");
}

TEST_F(MapTest, TakesAStreamThatCanBeReadOnce) {
  std::istringstream stream("3 1 4 1 5");
  EXPECT_THAT(cluster->map<std::int64_t>("square", std::views::istream<std::int64_t>(stream)).get(), ElementsAre(9, 1, 16, 1, 25));
}

TEST_F(MapTest, SendsLargeInputsFromWhereTheyLie) {
  std::vector<std::vector<double>> inputs;
  for (int i = 0; i < 50; ++i) inputs.emplace_back(static_cast<std::size_t>(i) * 100, 1.0);
  std::vector<double> totals = cluster->map<double>("total", inputs).get();
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(totals[i], static_cast<double>(i) * 100);
  auto made = std::views::iota(0, 50) | std::views::transform([](int i) { return std::vector<double>(static_cast<std::size_t>(i) * 100, 2.0); });
  totals = cluster->map<double>("total", made).get();
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(totals[i], static_cast<double>(i) * 200);
}

TEST_F(MapTest, BringsLargeValuesBack) {
  auto doubled = cluster->map<std::vector<double>>("twice", std::vector(20, std::vector<double>(1000, 2.0))).get();
  ASSERT_EQ(doubled.size(), 20u);
  for (const auto& one : doubled) EXPECT_THAT(one, testing::AllOf(testing::SizeIs(1000), testing::Each(4.0)));
}

TEST_F(MapTest, SpreadsTuplesAndPairs) {
  std::vector<std::pair<int, int>> pairs{{1, 2}, {3, 4}};
  EXPECT_THAT(cluster->starmap<std::int64_t>("add", pairs).get(), ElementsAre(3, 7));
  std::vector<std::tuple<std::string, const char*>> texts{{"a", "b"}, {std::string(5000, 'x'), "y"}};
  EXPECT_THAT(cluster->starmap<std::string>("join", texts).get(), ElementsAre("ab", std::string(5000, 'x') + "y"));
}

TEST_F(MapTest, AddsWhatAllItemsHaveInCommon) {
  std::int64_t offset = 10;
  auto map = cluster->map<std::int64_t>("add", numbers(3), offset);
  offset = 99;  // it was copied
  EXPECT_THAT(map.get(), ElementsAre(10, 11, 12));
  cluster->parallel_for("mark_sum", 0, 3, {}, std::vector<double>(1000, 1.0), "four");
  EXPECT_THAT(marks, ElementsAre(1004, 1005, 1006));
}

TEST_F(MapTest, CallsEveryIndexOnce) {
  cluster->parallel_for("mark", -500, 1500);
  EXPECT_EQ(marks.size(), 2000u);
  EXPECT_EQ(std::set(marks.begin(), marks.end()).size(), 2000u);
  EXPECT_EQ(*marks.begin(), -500);
  EXPECT_EQ(*marks.rbegin(), 1499);
}

TEST_F(MapTest, StopsAtTheFirstItemThatThrowsAndSaysWhichItIs) {
  auto map = cluster->map<std::int64_t>("odd_only", std::vector<std::int64_t>{1, 3, 5, 4, 7}, MapOptions{.chunk = 2});
  std::vector<std::int64_t> values;
  try {
    for (std::int64_t value : map) values.push_back(value);
    FAIL();
  } catch (const KernelError& error) {
    EXPECT_EQ(error.site().item, 3);
    EXPECT_EQ(error.type(), "std::out_of_range");
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::StartsWith("item 3: "), testing::HasSubstr("odd_only on rank 1"), testing::HasSubstr("4 is even")));
  }
  EXPECT_THAT(values, ElementsAre(1, 3, 5));
}

TEST_F(MapTest, CollectsErrorsWhenAskedTo) {
  std::vector<std::int64_t> good;
  std::vector<std::size_t> bad;
  for (auto& item : cluster->map<std::int64_t>("odd_only", numbers(101), MapOptions{.on_error = OnError::collect}).items()) {
    if (item.error) bad.push_back(item.index);
    else good.push_back(item.get());
  }
  EXPECT_EQ(good.size(), 50u);
  ASSERT_EQ(bad.size(), 51u);
  EXPECT_EQ(bad.back(), 100u);
  cluster->parallel_for("mark", 0, 3);
  EXPECT_THROW(cluster->map<std::int64_t>("odd_only", numbers(5), MapOptions{.on_error = OnError::collect}).get(), KernelError);
}

TEST_F(MapTest, GivesItemsAsTheyComeEachOnce) {
  std::set<std::size_t> seen;
  for (auto& item : cluster->map<std::int64_t>("square", numbers(1000)).as_completed()) {
    EXPECT_EQ(item.get(), static_cast<std::int64_t>(item.index * item.index));
    EXPECT_TRUE(seen.insert(item.index).second);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST_F(MapTest, GoesOnInOrderAfterItemsAsTheyCame) {
  auto map = cluster->map<std::int64_t>("square", numbers(1000), MapOptions{.chunk = 7});
  std::vector<std::size_t> seen;
  for (auto& item : map.as_completed()) {
    seen.push_back(item.index);
    if (seen.size() == 100) break;
  }
  std::size_t in_order_from = seen.size() + 7;  // the chunk that was begun goes on
  for (auto& item : map.items()) seen.push_back(item.index);
  EXPECT_TRUE(std::is_sorted(seen.begin() + static_cast<std::ptrdiff_t>(in_order_from), seen.end()));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 1000u);
  EXPECT_EQ(seen.size(), 1000u);
}

TEST_F(MapTest, ReducesInOrder) {
  std::string letters = cluster->map_reduce("letter", std::views::iota(0, 2000), "join", std::string("="), MapOptions{.chunk = 7});
  ASSERT_EQ(letters.size(), 2001u);
  EXPECT_EQ(letters.substr(0, 30), "=abcdefghijklmnopqrstuvwxyzabc");
  EXPECT_EQ(cluster->map_reduce("letter", std::vector<int>(), "join", std::string("nothing")), "nothing");
}

TEST_F(MapTest, GivesItsRoomInNodeMemoryBack) {
  for (int i = 0; i < 3; ++i) cluster->parallel_for("mark", 0, 100);
  EXPECT_TRUE(eventually([&] {
    auto all = cluster->allocate<std::byte>(LocalCluster::kMemory);
    return all.span().data() == cluster.engine->memory().data();
  }));
}

TEST_F(MapTest, OfIndicesMayOutliveItsCluster) {
  auto map = cluster->map<std::int64_t>("square", std::views::iota(0, 1'000'000));
  cluster.end();
  EXPECT_THROW(map.get(), Error);
}

TEST_F(MapTest, OfSharedDataMayOutliveItsCluster) {
  auto map = cluster->map<std::int64_t>("square", cluster->share(std::vector<std::int64_t>(1'000'000)));
  auto converted = cluster->map<std::int64_t>("square", cluster->share(std::vector<int>(1'000'000)));
  cluster.end();
  EXPECT_THROW(map.get(), Error);
  EXPECT_THROW(converted.get(), Error);
}

TEST_F(MapTest, ReducesMaps) {
  std::vector<std::vector<std::string>> texts(300, {"a", "b", "a"});
  auto counts = cluster->map_reduce("count", texts, "merge", std::map<std::string, int>());
  EXPECT_THAT(counts, ElementsAre(testing::Pair("a", 600), testing::Pair("b", 300)));
}

TEST_F(MapTest, AReductionThatCannotBeIsRefused) {
  EXPECT_THROWS_WITH(cluster->map_reduce("letter", numbers(3), "square", std::string()), UsageError, "square", "two values");
  EXPECT_THROWS_WITH(cluster->map_reduce("square", numbers(3), "join", std::string()), UsageError, "join", "i64");
  EXPECT_THROWS_WITH(cluster->map_reduce("odd_only", numbers(3), "add", std::int64_t{0}), KernelError, "item 0", "even");
}

TEST_F(MapTest, AWrongCallIsRefusedAtOnce) {
  EXPECT_THROWS_WITH((void)cluster->map<std::int64_t>("square", std::vector<std::string>{"x"}), UsageError, "item 0", "str", "i64");
  EXPECT_THROWS_WITH((void)cluster->map<std::int64_t>("add", numbers(3)), UsageError, "gives 1 argument", "i64(i64,i64)");
  EXPECT_THROWS_WITH((void)cluster->map<double>("square", numbers(3)), UsageError, "f64");
  EXPECT_THROWS_WITH((void)cluster->map<double>("squared", numbers(3)), UsageError, "square");
  EXPECT_THROWS_WITH((void)cluster->map<std::int64_t>("square", numbers(3), MapOptions{.chunk = -1}), UsageError, "chunk (-1)");
  EXPECT_THROWS_WITH((void)cluster->map<std::int64_t>("square", numbers(3), MapOptions{.window = -2}), UsageError, "window (-2)");
}

TEST_F(MapTest, DroppedItCancelsWhatHasNotRun) {
  gate.close();
  {
    auto map = cluster->map<std::int64_t>("wait_for_gate", numbers(100), MapOptions{.chunk = 1});
    ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
    gate.open();
  }
  EXPECT_EQ(run<std::int64_t>("square", 3).get(), 9) << "and the cluster goes on";
  EXPECT_LT(gate.inside(), 10);
}

TEST_F(MapTest, DroppedItLeavesSharedDataToTheKernelThatReadsIt) {
  gate.close();
  struct Open {
    ~Open() { gate.open(); }
  } whatever_happens;
  const double* place = nullptr;
  {
    auto shared = cluster->share(std::vector<double>(1000, 1.0));
    place = shared.span().data();
    auto map = cluster->map<std::int64_t>("hold", numbers(1), shared);
    ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
  }
  for (int i = 0; i < 2000; ++i) ASSERT_NE(cluster->share(std::vector<double>(1000, 2.0)).span().data(), place);
}

TEST_F(MapTest, RangesThatThrowEndTheMapWithTheirError) {
  auto making = std::views::iota(0, 1000) | std::views::transform([](int x) {
                  if (x == 500) throw std::runtime_error("no input 500");
                  return std::int64_t{x};
                });
  for (OnError on_error : {OnError::stop, OnError::collect}) {
    auto map = cluster->map<std::int64_t>("square", making, MapOptions{.on_error = on_error});
    std::size_t values = 0;
    auto read = [&] {
      for (auto& item : map.items()) values += item.error == nullptr;
    };
    EXPECT_THROWS_WITH(read(), std::runtime_error, "no input 500");
    EXPECT_EQ(values, 500u) << "those before it";
    EXPECT_THROWS_WITH(map.get(), std::runtime_error, "no input 500");  // again
  }
  EXPECT_EQ(run<std::int64_t>("square", 3).get(), 9);
}

}  // namespace
}  // namespace gluster::tests
