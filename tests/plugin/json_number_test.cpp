#include "plugin/json_number.hpp"

#include <array>
#include <complex>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "fixtures/json_both_ways.hpp"

namespace gluster::plugin {
namespace {

using tests::encoded_json;
using tests::expect_both_ways;
using tests::expect_misfit;
using tests::from_json;
using tests::to_json;

template <class T>
class JsonNumbersTest : public testing::Test {};
using Numbers = testing::Types<signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long, float, double>;
TYPED_TEST_SUITE(JsonNumbersTest, Numbers);

TYPED_TEST(JsonNumbersTest, CarriesEveryExtreme) {
  using Limits = std::numeric_limits<TypeParam>;
  std::vector<TypeParam> all{TypeParam{0}, TypeParam{1}, Limits::lowest(), Limits::max(), Limits::min()};
  Json written = Json::array();  // a float by its own digits, and not by a double's
  for (TypeParam value : all) written.push_back(std::is_same_v<TypeParam, float> ? Json::parse(fmt::format("{}", value)) : Json(value));
  for (std::size_t i = 0; i < all.size(); ++i) expect_both_ways(all[i], written[i]);
  expect_both_ways(all, written);
  expect_both_ways(std::vector<std::vector<TypeParam>>{all, {}, all}, Json({written, Json::array(), written}));
  expect_both_ways(std::array<TypeParam, 2>{TypeParam{1}, TypeParam{2}}, "[1, 2]");
  expect_both_ways(std::complex<TypeParam>(1, 2), "[1, 2]");
  expect_both_ways(std::set<TypeParam>{1, 2}, "[1, 2]");
}

TYPED_TEST(JsonNumbersTest, RefusesWhatItDoesNotHold) {
  std::string name = type_of<TypeParam>().text;
  for (const char* json : {"\"x\"", "true", "[]", "{}"}) expect_misfit<TypeParam>(json, "expected " + name + ", got ");
  if (std::is_integral_v<TypeParam>)
    for (const char* json : {"0.5", "1e30", "-1e30", "18446744073709551616", "-9223372036854775809"})
      expect_misfit<TypeParam>(json, ", which it does not hold");
  std::string largest = "18446744073709551615";
  if (sizeof(TypeParam) < 8) expect_misfit<TypeParam>(largest.c_str(), "expected " + name + ", got " + largest + ", which it does not hold");
}

TEST(JsonNumberTest, ConvertsNumbersThatStayTheSame) {
  EXPECT_EQ(from_json<std::int32_t>(3.0), 3);
  EXPECT_EQ(from_json<std::uint64_t>(0x1p63), std::uint64_t{1} << 63);
  EXPECT_EQ(from_json<double>(3), 3.0);
  EXPECT_EQ(from_json<float>(0.1), 0.1f);
  EXPECT_EQ(from_json<float>(Json::parse("3.4028235e38")), std::numeric_limits<float>::max());
  expect_misfit<float>("16777217", "expected f32, got 16777217, which it does not hold");
  expect_misfit<float>("1e39", "expected f32, got 1e+39, which it does not hold");
  expect_misfit<double>("9007199254740993", "which it does not hold");
  expect_misfit<std::int8_t>("128", "expected i8, got 128, which it does not hold");
  expect_misfit<std::uint8_t>("-1", "expected u8, got -1, which it does not hold");
}

TEST(JsonNumberTest, CarriesWhatFloatingPointHasBesideNumbers) {
  double infinity = std::numeric_limits<double>::infinity();
  expect_both_ways(std::vector<double>{infinity, -infinity, 1}, R"(["inf", "-inf", 1.0])");
  EXPECT_EQ(to_json(std::nan("")), "nan");
  EXPECT_TRUE(std::isnan(from_json<double>("nan")));
  EXPECT_TRUE(std::isnan(from_json<float>(nullptr)));
  EXPECT_TRUE(std::signbit(from_json<double>(to_json(-0.0))));
  expect_both_ways(1.5L, "1.5");
  expect_both_ways(std::vector<long double>{1.5L, -2}, "[1.5, -2.0]");
}

}  // namespace
}  // namespace gluster::plugin
