// Every type that the design promises, as argument and as result, small and large.
#include "on_master.hpp"

#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/types.hpp"

// Not kernels/types.cpp's definitions, but their shape.
struct Point {
  std::array<double, 2> at{};
  std::string name;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(at[0], at[1], name);
  }
  bool operator==(const Point&) const = default;
};
struct Tree {
  std::int64_t number = 0;
  std::vector<Tree> below;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, below);
  }
  bool operator==(const Tree&) const = default;
};

namespace gluster::tests {
namespace {

// Around what makes a difference: a head (3.5 KiB), a segment, a piece that shared memory takes at once.
const std::vector<std::size_t> kSizes = {0, 1, 3, 400, 447, 448, 449, 511, 512, 513, 4'096, 8'191, 8'192, 8'193, 100'000, 1'000'000};

std::vector<double> numbers(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.5);
  return values;
}
// `count` letters in all.
std::vector<std::string> words(std::size_t count) {
  std::vector<std::string> values;
  for (std::size_t left = count, length = 1; left > 0; left -= std::min(left, length), length = length % 50 + 1)
    values.emplace_back(std::min(left, length), static_cast<char>('a' + length % 26));
  return values;
}

std::string text_of_same(const Type& type) { return type.text + "(" + type.text + ")"; }

class TypesTest : public testing::Test {
 protected:
  TypesTest() { cluster().import_functions(kernel("types")); }
  template <class T>
  static void comes_back(const char* name, const T& value) {
    SCOPED_TRACE(name);
    EXPECT_TRUE((cluster().run<T>(std::string("types.") + name, value).get() == value)) << type_of<T>().text;
  }
  template <class T>
  static void limits_come_back(const char* name) {
    using Limits = std::numeric_limits<T>;
    for (T value : {Limits::min(), Limits::max(), Limits::lowest(), T{}}) comes_back<T>(name, value);
  }
};

TEST_F(TypesTest, HasAKernelOfEachType) {
  std::map<std::string, std::string> signatures;
  for (const KernelInfo& info : cluster().kernels()) signatures[info.name] = info.signature;
#define EXPECT_SIGNATURE(name, ...) EXPECT_EQ(signatures["types." #name], (text_of_same(type_of<__VA_ARGS__>())));
  TYPES_FOR_EACH(EXPECT_SIGNATURE)
}

TEST_F(TypesTest, Numbers) {
  for (bool value : {true, false}) comes_back("boolean", value);
  limits_come_back<char>("character");
  limits_come_back<std::int8_t>("i8");
  limits_come_back<std::int16_t>("i16");
  limits_come_back<std::int32_t>("i32");
  limits_come_back<std::int64_t>("i64");
  limits_come_back<std::uint8_t>("u8");
  limits_come_back<std::uint16_t>("u16");
  limits_come_back<std::uint32_t>("u32");
  limits_come_back<std::uint64_t>("u64");
  limits_come_back<float>("f32");
  limits_come_back<double>("f64");
  limits_come_back<long double>("f80");
  comes_back("f64", std::numeric_limits<double>::infinity());
  comes_back("f64", std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(cluster().run<double>("types.f64", std::nan("")).get()));
  EXPECT_TRUE(std::signbit(cluster().run<double>("types.f64", -0.0).get()));
  comes_back("colour", Colour::green);
  comes_back("complex", std::complex<double>(1, -2));
}

TEST_F(TypesTest, SequencesOfEverySize) {
  for (std::size_t size : kSizes) {
    SCOPED_TRACE(size);
    comes_back("text", std::string(size, 'x'));
    comes_back("doubles", numbers(size));
    comes_back("bytes", std::vector<std::uint8_t>(size, 7));
    std::vector<bool> bits(size);
    for (std::size_t i = 0; i < size; i += 3) bits[i] = true;
    comes_back("bools", bits);
    comes_back("colours", std::vector<Colour>(size, Colour::green));
    comes_back("complexes", std::vector<std::complex<float>>(size, {1, 2}));
    comes_back("words", words(size));
    comes_back("rows", std::vector<std::vector<double>>{numbers(size), {}, numbers(3), numbers(size / 2)});
  }
}

TEST_F(TypesTest, EverySizeAroundAHead) {
  for (std::size_t size = 3'300; size < 4'200; ++size) comes_back("text", std::string(size, static_cast<char>('a' + size % 26)));
}

TEST_F(TypesTest, FixedAndMixed) {
  comes_back("triple", std::array<double, 3>{1, 2, 3});
  std::array<std::array<std::int64_t, 100>, 100> table{};
  for (std::size_t i = 0; i < 100; ++i) table[i][99 - i] = static_cast<std::int64_t>(i) - 50;
  comes_back("table", table);
  comes_back("nothing", std::tuple<>());
  for (std::size_t size : kSizes) {
    std::string text(size, 'y');
    comes_back("texts", std::array<std::string, 2>{text, "end"});
    comes_back("pair", std::pair<std::string, std::int32_t>{text, 5});
    comes_back("tuple", std::tuple<std::int64_t, std::string, std::vector<double>>{-1, text, numbers(size)});
    comes_back("maybe", std::optional(numbers(size)));
    comes_back("either", std::variant<std::int64_t, std::string, std::vector<double>>(text));
    comes_back("either", std::variant<std::int64_t, std::string, std::vector<double>>(numbers(size)));
  }
  comes_back("maybe", std::optional<std::vector<double>>());
  comes_back("either", std::variant<std::int64_t, std::string, std::vector<double>>(42));
}

TEST_F(TypesTest, MapsAndSets) {
  for (int size : {0, 1, 10, 300, 20'000}) {
    SCOPED_TRACE(size);
    std::map<std::string, std::int64_t> map;
    std::unordered_map<std::string, std::vector<double>> hash;
    std::set<std::string> set;
    std::map<std::string, std::vector<std::optional<std::pair<std::int32_t, std::set<std::string>>>>> deep;
    for (int i = 0; i < size; ++i) {
      std::string key = "key " + std::to_string(i);
      map[key] = i;
      hash[key] = {1.0 * i, 0.5};
      set.insert(key);
      deep[key] = {std::nullopt, std::pair<std::int32_t, std::set<std::string>>{i, {"a", key}}};
    }
    comes_back("map", map);
    comes_back("hash", hash);
    comes_back("set", set);
    comes_back("deep", deep);
  }
}

TEST_F(TypesTest, EnumsInsideOtherTypes) {
  for (std::size_t size : kSizes) {
    if (size > 10'000) continue;
    Painted painted{Colour::green, std::vector<Colour>(size, Colour::green), {}};
    for (std::size_t i = 0; i < size; ++i) painted.by_colour[static_cast<Colour>(i)] = i % 2 == 0 ? std::optional(Colour::red) : std::nullopt;
    comes_back("painted", painted);
  }
  using Either = std::variant<Colour, std::int32_t, std::set<Colour>>;
  for (const Either& value : {Either(Colour::green), Either(7), Either(std::set<Colour>{Colour::red, Colour::green})})
    comes_back("either_colour", value);
}

TEST_F(TypesTest, StructsOfOneShapeNeedNotBeTheSame) {
  Point point{{1, 2}, "here"};
  EXPECT_EQ(cluster().run<Point>("moved", point).get(), (Point{{2, 2}, "here!"}));
  point.name.assign(200'000, 'n');
  EXPECT_EQ(cluster().run<Point>("moved", point).get().name.size(), 200'001U);
  EXPECT_THROWS_WITH((void)cluster().run<Tree>("moved", point), UsageError, "struct(f64,f64,str)");
}

TEST_F(TypesTest, StructsMayHoldThemselves) {
  Tree tree{1, {{2, {{3, {}}}}, {4, {}}}};
  EXPECT_EQ(cluster().run<std::int64_t>("tree_sum", tree).get(), 10);
  Tree grown = cluster().run<Tree>("grown", tree).get();
  EXPECT_EQ(grown.below.size(), 3U);
  EXPECT_EQ(grown.below[0], tree.below[0]);
  for (std::int64_t i = 0; i < 20'000; ++i) tree.below.push_back({i, {}});
  EXPECT_EQ(cluster().run<Tree>("grown", tree).get().below.size(), tree.below.size() + 1);
}

TEST_F(TypesTest, WhatALvalueARvalueAndABorrowedValueBecome) {
  for (std::size_t size : kSizes) {
    std::vector<double> values = numbers(size);
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    auto copied = cluster().run<double>("span_sum", values);
    auto borrowed = cluster().run<double>("span_sum", view(values));
    auto spanned = cluster().run<double>("span_sum", std::span(values));
    auto of_const = cluster().run<double>("span_sum", std::span<const double>(values));
    borrowed.wait();
    spanned.wait();
    of_const.wait();
    std::fill(values.begin(), values.end(), -1);  // the copy is the job's own
    EXPECT_EQ(copied.get(), sum);
    EXPECT_EQ(borrowed.get(), sum);
    EXPECT_EQ(spanned.get(), sum);
    EXPECT_EQ(of_const.get(), sum);
    auto moved = numbers(size);
    EXPECT_EQ(cluster().run<double>("span_sum", std::move(moved)).get(), sum);
    EXPECT_TRUE(moved.empty());
  }
}

TEST_F(TypesTest, ACopyIsMadeAtTheCall) {
  Gate gate;
  cluster().import_functions(kernel("gate"));
  std::vector<Job<std::int64_t>> ahead;
  for (int i = 0; i < cluster().workers() * Options::from_environment().credit; ++i)
    ahead.push_back(cluster().run<std::int64_t>("passes", gate.path()));
  double number = 1.5;
  std::string text = "before";
  Point point{{1, 1}, "before"};
  auto one = cluster().run<double>("f64", number);
  auto two = cluster().run<std::string>("types.text", text);
  auto three = cluster().run<Point>("moved", point);
  number = 0, text = "after", point.name = "after";
  gate.open();
  EXPECT_EQ(one.get(), 1.5);
  EXPECT_EQ(two.get(), "before");
  EXPECT_EQ(three.get().name, "before!");
  wait_all(ahead);
}

TEST_F(TypesTest, PointersSendWhatTheyPointTo) {
  std::int64_t number = 21;
  const std::int64_t* pointer = &number;
  EXPECT_EQ(cluster().run<std::int64_t>("through_pointer", pointer).get(), 42);
  EXPECT_EQ(cluster().run<std::int64_t>("through_pointer", number).get(), 42);
  EXPECT_EQ(cluster().run<std::int64_t>("through_pointer", std::make_unique<std::int64_t>(4)).get(), 8);
  EXPECT_EQ(cluster().run<double>("span_sum", std::make_shared<std::vector<double>>(numbers(100'000))).get(), 5e9);
  EXPECT_EQ(cluster().run<std::vector<double>>("through_unique", numbers(100'000)).get(), numbers(100'000));
  auto shared = std::make_shared<std::string>("ab");
  EXPECT_EQ(cluster().run<std::string>("through_shared", shared).get(), "abab");
  EXPECT_EQ(*shared, "ab");
}

TEST_F(TypesTest, TextIsTextHoweverItIsGiven) {
  char array[] = "in an array";
  const char* pointer = "by a pointer";
  EXPECT_EQ(cluster().run<std::string>("views", array).get(), "yarra na ni");
  EXPECT_EQ(cluster().run<std::string>("views", pointer).get(), "retniop a yb");
  EXPECT_EQ(cluster().run<std::string>("views", std::string_view("view")).get(), "weiv");
  EXPECT_EQ(cluster().run<std::uint64_t>("c_string", "twelve chars").get(), 12U);
  EXPECT_EQ(cluster().run<std::uint64_t>("c_string", std::string(200'000, 'c')).get(), 200'000U);
  EXPECT_EQ(cluster().run<std::string>("types.text", std::string("a\0b", 3)).get().size(), 3U);
}

TEST_F(TypesTest, BlocksComeBackAsBlocksOrVectors) {
  for (std::size_t size : kSizes) {
    auto values = numbers(size);
    auto block = cluster().run<Block<double>>("types.block", values).get();
    EXPECT_TRUE(std::equal(values.begin(), values.end(), block.data(), block.data() + block.size()));
    EXPECT_EQ(cluster().run<std::vector<double>>("types.block", view(block)).get(), values);
    EXPECT_EQ(cluster().run<double>("span_sum", std::move(block)).get(), std::accumulate(values.begin(), values.end(), 0.0));
  }
}

TEST_F(TypesTest, WhatIsReadInPlaceIsAligned) {
  for (std::size_t size = 1; size < 100; ++size)
    EXPECT_EQ(cluster().run<std::int64_t>("alignment", numbers(size), std::uint8_t{1}, std::vector<std::complex<double>>(size)).get(), 0);
}

}  // namespace
}  // namespace gluster::tests
