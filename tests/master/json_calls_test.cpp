// Calls whose arguments and values are JSON texts.
#include <gluster/cluster.hpp>

#include <map>

#include <gmock/gmock.h>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::map<std::string, std::vector<double>> table(const std::vector<std::string>& names, std::int64_t count) {
  std::map<std::string, std::vector<double>> table;
  for (const auto& name : names) table[name].assign(static_cast<std::size_t>(count), 0.5);
  return table;
}
void fill(std::span<double> out, double x) { std::fill(out.begin(), out.end(), x); }
std::string latin_at_one(std::int64_t i) { return i == 1 ? "caf\xe9" : "ok"; }

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(table, gluster::tests::table)
GLUSTER_EXPORT_AS(fill, gluster::tests::fill)
GLUSTER_EXPORT_AS(latin_at_one, gluster::tests::latin_at_one)

namespace gluster::tests {
namespace {

class JsonCallsTest : public LocalClusterTest {
 protected:
  std::string call(std::string_view kernel, const std::vector<std::string>& arguments) { return cluster->run_json(kernel, arguments).get(); }
};

TEST_F(JsonCallsTest, TakesArgumentsByTheKernelsOwnSignature) {
  EXPECT_EQ(call("add", {"20", "22"}), "42");
  EXPECT_EQ(call("total", {"[0.5, 1, 2]"}), "3.5");
  EXPECT_EQ(call("echo", {"\"text\""}), "\"text\"");
  EXPECT_EQ(call("nothing", {}), "null");
  EXPECT_EQ(call("table", {"[\"a\", \"b\"]", "2"}), R"({"a":[0.5,0.5],"b":[0.5,0.5]})");
}

TEST_F(JsonCallsTest, LargeValuesComeWhole) {
  std::string text = call("table", {"[\"a\"]", "10000"});
  EXPECT_EQ(std::count(text.begin(), text.end(), ','), 9'999);
  EXPECT_EQ(call("echo", {"\"" + std::string(100'000, 'x') + "\""}).size(), 100'002u);
}

TEST_F(JsonCallsTest, SaysWhichArgumentIsWrongAndWhere) {
  EXPECT_THROWS_WITH(call("add", {"1"}), UsageError, "takes 2 arguments, not 1", "i64(i64,i64)");
  EXPECT_THROWS_WITH(call("add", {"1", "2.5"}), UsageError, "argument 2 (b)", "expected i64");
  EXPECT_THROWS_WITH(call("add", {"1", "two"}), UsageError, "argument 2 (b)", "two is no i64");
  EXPECT_THROWS_WITH(call("total", {"[1, \"x\"]"}), UsageError, "argument 1", "[1]");
  EXPECT_THROWS_WITH(call("ad", {"1", "2"}), UsageError, "nearest");
  EXPECT_THROWS_WITH(call("fill", {"[1]", "2"}), UsageError, "outputs");
}

TEST_F(JsonCallsTest, AKernelsErrorIsTheCallers) { EXPECT_THROWS_WITH(call("fail", {"\"why\""}), KernelError, "why"); }

TEST_F(JsonCallsTest, AValueThatIsNoUtf8IsAnErrorAndOfItsItemAlone) {
  EXPECT_THROWS_WITH(call("latin_at_one", {"1"}), DataError, "no UTF-8");
  std::vector<std::string> all;
  for (auto& item :
       cluster->map_json("latin_at_one", {3, [](std::int64_t at) { return std::to_string(at); }}, {.on_error = OnError::collect}).items())
    if (item.error) EXPECT_THROWS_WITH(item.get(), DataError, "item 1", "no UTF-8");
    else all.push_back(item.get());
  EXPECT_THAT(all, ElementsAre("\"ok\"", "\"ok\""));
}

TEST_F(JsonCallsTest, MapsOverTexts) {
  const std::vector<std::string> words{"\"a\"", "\"b\""};
  EXPECT_THAT(cluster->map_json("echo", {2, [&](std::int64_t at) { return words[static_cast<std::size_t>(at)]; }}).get(),
              ElementsAre("\"a\"", "\"b\""));
  const std::vector<std::string> common{"100"};
  EXPECT_THAT(cluster->map_json("add", {3, [](std::int64_t at) { return std::to_string(at); }}, {}, common).get(), ElementsAre("100", "101", "102"));
  EXPECT_EQ(cluster->map_json("add", {20'000, [](std::int64_t at) { return std::to_string(at); }}, {}, common).get().back(), "20099");
}

TEST_F(JsonCallsTest, AnItemThatIsWrongFailsAlone) {
  auto map = cluster->map_json("total", {3, [](std::int64_t at) { return at == 1 ? "no JSON" : "[1, 2]"; }}, {.on_error = OnError::collect});
  std::vector<std::string> said;
  for (auto& item : map.items()) {
    try {
      said.push_back(item.get());
    } catch (const UsageError& error) {
      said.push_back(error.what());
    }
  }
  EXPECT_THAT(said, ElementsAre("3.0", HasSubstr("no JSON"), "3.0"));
}

TEST_F(JsonCallsTest, WhatIsWrongWithAllItemsIsToldAtOnce) {
  const std::vector<std::string> common{"x"};
  EXPECT_THROWS_WITH(cluster->map_json("add", {3, [](std::int64_t) { return "1"; }}, {}, common), UsageError, "argument 2 (b)");
  EXPECT_THROWS_WITH(cluster->map_json("add", {3, [](std::int64_t) { return "1"; }}), UsageError, "takes 2 arguments, not 1");
}

}  // namespace
}  // namespace gluster::tests
