#include <gluster/codec.hpp>

#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fixtures/carried.hpp"

namespace {

using gluster::tests::round_trip;

enum class Color : std::uint16_t { red = 1, blue = 0xfffe };

struct Tree {
  std::int64_t value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> left;
  std::shared_ptr<int> shared, shared_again;
  bool operator==(const Tree& other) const {
    return value == other.value && children == other.children && !left == !other.left && (!left || *left == *other.left);
  }
  template <class A>
  void serialize(A& archive) {
    archive(value, children, left, shared, shared_again);
  }
};

struct Split {  // cereal's two halves
  int number = 0;
  template <class A>
  void save(A& archive) const {
    archive(number + 1);
  }
  template <class A>
  void load(A& archive) {
    archive(number);
  }
};

struct Versioned {
  int number = 0;
  std::uint32_t version_read = 0;
  template <class A>
  void serialize(A& archive, std::uint32_t version) {
    archive(number);
    version_read = version;
  }
};

struct Unversioned {
  int number = 0;
  template <class A>
  void serialize(A& archive) {
    archive(number);
  }
};

struct Empty {
  bool operator==(const Empty&) const = default;
  template <class A>
  void serialize(A&) {}
};

template <class T>
void expect_same(const T& value) {
  EXPECT_EQ(round_trip<T>(value), value);
}

}  // namespace
CEREAL_CLASS_VERSION(Versioned, 3)

namespace gluster {
namespace {

template <class T>
class CodecOfNumbersTest : public testing::Test {};
using Numbers =
    testing::Types<char, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long, float, double, long double>;
TYPED_TEST_SUITE(CodecOfNumbersTest, Numbers);

TYPED_TEST(CodecOfNumbersTest, CarriesEveryExtreme) {
  using Limits = std::numeric_limits<TypeParam>;
  for (TypeParam value : {TypeParam{0}, TypeParam{1}, Limits::lowest(), Limits::max(), Limits::min(), Limits::denorm_min()}) expect_same(value);
}

TYPED_TEST(CodecOfNumbersTest, CarriesSequences) {
  std::vector<TypeParam> some{TypeParam{0}, TypeParam{1}, std::numeric_limits<TypeParam>::max()};
  expect_same(some);
  expect_same(std::vector<TypeParam>{});
  expect_same(std::array<TypeParam, 2>{TypeParam{1}, TypeParam{2}});
  expect_same(std::map<TypeParam, TypeParam>{{TypeParam{1}, TypeParam{2}}});
}

TEST(CodecTest, CarriesWhatFloatingPointHasBesideNumbers) {
  EXPECT_TRUE(std::isnan(round_trip<double>(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(std::signbit(round_trip<double>(-0.0)));
  expect_same(std::numeric_limits<float>::infinity());
}

TEST(CodecTest, CarriesBoolEnumAndComplex) {
  expect_same(true);
  expect_same(false);
  expect_same(Color::blue);
  expect_same(std::vector{Color::red, Color::blue});
  expect_same(std::complex<double>(1.5, -2.5));
  expect_same(std::vector<std::complex<float>>{{1, 2}, {3, 4}});
}

TEST(CodecTest, CarriesStringsOfEveryLengthThatIsWrittenDifferently) {
  for (std::size_t size : {0, 1, 15, 16, 253, 254, 255, 256, 257, 1000, 2047, 2048, 2049, 100'000}) expect_same(std::string(size, 'x'));
  expect_same(std::string("with\0zero", 9));
  EXPECT_EQ((round_trip<std::string, const char*>("a literal")), "a literal");
  EXPECT_EQ((round_trip<std::string, std::string_view>("a view")), "a view");
}

TEST(CodecTest, CarriesVectorsOfBool) {
  for (std::size_t size : {0, 1, 7, 8, 9, 254, 255, 2047, 2048, 2049, 100'000}) {
    std::vector<bool> bits(size);
    for (std::size_t i = 0; i < size; ++i) bits[i] = i % 3 == 0 || i == size - 1;
    expect_same(bits);
  }
  expect_same(std::vector<std::vector<bool>>{{true, false}, {}, std::vector<bool>(3000, true)});
}

TEST(CodecTest, CarriesPairsTuplesAndOptionals) {
  expect_same(std::pair{1, std::string("two")});
  expect_same(std::tuple{1, 2.5, std::vector<int>{3}, std::string(3000, 'a')});
  expect_same(std::tuple<>{});
  expect_same(std::optional<int>{});
  expect_same(std::optional<std::vector<double>>{std::vector<double>(1000, 1.0)});
  expect_same(std::optional<std::optional<int>>{std::optional<int>{}});
}

TEST(CodecTest, ResetsAnOptionalThatHadAValue) {
  Encoder out = tests::encoded(std::optional<int>{});
  tests::Carried frame(out);
  Decoder in(frame.body(), 0);
  std::optional<int> value = 7;
  tests::decode_all(in, frame, value);
  EXPECT_EQ(value, std::nullopt);
}

TEST(CodecTest, CarriesMapsSetsAndVariants) {
  expect_same(std::map<std::string, std::int64_t>{{"a", 1}, {std::string(300, 'b'), 2}});
  expect_same(std::unordered_map<std::string, std::vector<double>>{{"a", {1, 2}}, {"b", std::vector<double>(1000, 3)}});
  expect_same(std::set<std::string>{"x", "y"});
  expect_same(std::unordered_set<int>{1, 2, 3});
  expect_same(std::map<std::pair<int, int>, std::optional<std::complex<double>>>{{{1, 2}, std::nullopt}, {{2, 1}, {{3, 4}}}});
  using Variant = std::variant<std::monostate, int, std::string, std::vector<double>>;
  for (const Variant& value : {Variant{}, Variant{7}, Variant{std::string(5000, 'v')}, Variant{std::vector<double>{1, 2}}}) expect_same(value);
  expect_same(std::map<int, int>{});
}

TEST(CodecTest, CarriesAMapOfTwentyThousandWords) {
  std::map<std::string, std::int64_t> words;
  for (int i = 0; i < 20'000; ++i) words[fmt::format("word{}", i)] = i;
  expect_same(words);
}

TEST(CodecTest, CarriesStructsWithPointersInside) {
  Tree tree;
  tree.value = 1;
  tree.children.resize(3);
  tree.children[1].left = std::make_unique<Tree>();
  tree.children[1].left->value = 5;
  tree.shared = tree.shared_again = std::make_shared<int>(9);
  Tree back = round_trip<Tree>(tree);
  EXPECT_EQ(back, tree);
  EXPECT_EQ(*back.shared, 9);
  EXPECT_EQ(back.shared, back.shared_again) << "one object that two pointers share stays one";
}

TEST(CodecTest, CarriesWhatSavesAndLoadsOrHasAVersion) {
  EXPECT_EQ(round_trip<Split>(Split{6}).number, 7);
  EXPECT_EQ(round_trip<Versioned>(Versioned{8}).number, 8);
  EXPECT_EQ(round_trip<Versioned>(Versioned{8}).version_read, 3u);
}

TEST(CodecTest, CarriesSequencesOfWhatTakesNoBytes) {
  expect_same(std::vector<Empty>(1000));
  expect_same(std::vector<std::tuple<>>(1000));
}

TEST(CodecTest, CarriesSequencesOfEmptyArrays) {
  expect_same(std::vector<std::array<int, 0>>(1000));
  expect_same(std::vector<std::array<std::string, 0>>(1000));
}

TEST(CodecTest, AStructWithAVersionIsNotTakenForOneWithout) {
  if (type_of<Versioned>().text != type_of<Unversioned>().text) return;  // then a call is refused before it is sent
  EXPECT_EQ(round_trip<Unversioned>(Versioned{8}).number, 8) << "one text, so one form";
}

TEST(CodecTest, WritesTheSameFormForTypesOfOneText) {
  std::vector<int> vector{1, 2, 3};
  auto body_of = [](const Encoder& out) { return std::vector<std::byte>(out.body.data(), out.body.data() + out.body.size()); };
  EXPECT_EQ(body_of(tests::encoded(vector)), body_of(tests::encoded(std::span<const int>(vector))));
  Block<int> block(3);
  std::copy(vector.begin(), vector.end(), block.begin());
  EXPECT_EQ(body_of(tests::encoded(vector)), body_of(tests::encoded(block)));
  // A caller's span of what cereal writes, and the kernel's vector of it.
  std::vector<std::map<int, int>> maps{{{1, 2}}, {}};
  EXPECT_EQ((round_trip<std::vector<std::map<int, int>>, std::span<const std::map<int, int>>>(maps)), maps);
  std::vector<std::string> strings{"a", std::string(5000, 'b')};
  EXPECT_EQ((round_trip<std::vector<std::string>, std::span<const std::string>>(strings)), strings);
  std::map<int, std::string> ordered{{1, "a"}, {2, "b"}};
  EXPECT_EQ((round_trip<std::unordered_map<int, std::string>>(ordered)), (std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}}));
  int plain[3] = {1, 2, 3};
  ASSERT_EQ(type_of<int[3]>().text, (type_of<std::array<int, 3>>().text));
  EXPECT_EQ((round_trip<std::array<int, 3>, int[3]>(plain)), (std::array{1, 2, 3}));
  // vector<bool> is a span<const bool> to a kernel.
  Encoder out = tests::encoded(std::vector<bool>{true, false, true});
  tests::Carried frame(out);
  Decoder in(frame.body(), 0);
  std::span<const bool> bits;
  tests::decode_all(in, frame, bits);
  EXPECT_THAT(bits, testing::ElementsAre(true, false, true));
}

}  // namespace
}  // namespace gluster
