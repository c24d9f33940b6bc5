#include "plugin/json.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "fixtures/json_both_ways.hpp"

namespace {

enum class Color : std::uint16_t { red = 1, blue = 0xfffe };

struct Point {
  double x = 0;
  std::int32_t tag = 0;
  std::string name;
  char code[3] = {};
  bool operator==(const Point& other) const {
    return x == other.x && tag == other.tag && name == other.name && std::memcmp(code, other.code, 3) == 0;
  }
  template <class A>
  void serialize(A& archive) {
    archive(cereal::make_nvp("x", x), tag, name, code);
  }
};

struct Named : Point {
  std::vector<bool> flags;
  bool operator==(const Named& other) const { return Point::operator==(other) && flags == other.flags; }
  template <class A>
  void serialize(A& archive) {
    archive(cereal::base_class<Point>(this), flags);
  }
};

struct Tree {
  std::int64_t value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> left;
  bool operator==(const Tree& other) const {
    return value == other.value && children == other.children && !left == !other.left && (!left || *left == *other.left);
  }
  template <class A>
  void serialize(A& archive) {
    archive(value, children, left);
  }
};

struct Owners {
  std::shared_ptr<std::string> first, second, third;
  template <class A>
  void serialize(A& archive) {
    archive(first, second, third);
  }
};

struct Ring {
  std::shared_ptr<Ring> next;
  template <class A>
  void serialize(A& archive) {
    archive(next);
  }
};

struct Child;
struct Parent {  // one of its names can be ruled out
  std::vector<Child> children;
  std::vector<Parent> siblings;
  bool operator==(const Parent&) const;
  template <class A>
  void serialize(A& archive);
};
struct Child {
  std::vector<Child> children;
  std::vector<Parent> parents;
  bool operator==(const Child&) const = default;
  template <class A>
  void serialize(A& archive) {
    archive(children, parents);
  }
};
bool Parent::operator==(const Parent&) const = default;
template <class A>
void Parent::serialize(A& archive) {
  archive(siblings, children);
}

namespace inner {
struct Namesake;
}
struct Namesake {  // two @Namesake, and neither is known by its name
  std::vector<Namesake> same;
  std::vector<inner::Namesake> other;
  template <class A>
  void serialize(A& archive);
};
struct inner::Namesake {
  std::vector<inner::Namesake> same;
  std::vector<::Namesake> other;
  template <class A>
  void serialize(A& archive) {
    archive(same, other);
  }
};
template <class A>
void Namesake::serialize(A& archive) {
  archive(same, other);
}

struct Forest {  // nobody can tell whose name @Tree is
  std::vector<Tree> trees;
  template <class A>
  void serialize(A& archive) {
    archive(trees);
  }
};

struct Split {
  template <class A>
  void save(A&) const {}
  template <class A>
  void load(A&) {}
};

struct Versioned {
  template <class A>
  void serialize(A&, std::uint32_t) {}
};

struct Raw {
  int number = 0;
  template <class A>
  void serialize(A& archive) {
    archive(cereal::binary_data(&number, sizeof number));
  }
};

struct Sized {
  cereal::size_type size = 0;
  template <class A>
  void serialize(A& archive) {
    archive(cereal::make_size_tag(size));
  }
};

}  // namespace

namespace gluster::plugin {
namespace {

using tests::Carried;
using tests::decoded;
using tests::encoded;
using tests::encoded_json;
using tests::expect_both_ways;
using tests::expect_misfit;
using tests::from_json;
using tests::Json;
using tests::to_json;

TEST(JsonTest, CarriesBoolCharAndEnum) {
  expect_both_ways(true, "true");
  expect_both_ways(std::vector<bool>{true, false, true}, "[true, false, true]");
  expect_both_ways(std::array<bool, 2>{true, false}, "[true, false]");
  expect_both_ways('x', "\"x\"");
  expect_both_ways('\0', Json(std::string(1, '\0')));
  expect_both_ways(static_cast<char>(-2), Json(int{static_cast<char>(-2)}));
  EXPECT_EQ(from_json<char>(65), 'A');
  expect_both_ways(Color::blue, "65534");
  expect_both_ways(std::vector{Color::red, Color::blue}, "[1, 65534]");
  expect_misfit<bool>("1", "expected bool, got 1");
  expect_misfit<char>("\"ab\"", "expected char, got \"ab\"");
  expect_misfit<Color>("65536", "expected enum(u16), got 65536, which it does not hold");
}

TEST(JsonTest, WritesAFloatAsAPersonDoes) {
  EXPECT_EQ(to_json(0.1F).dump(), "0.1");
  EXPECT_EQ(to_json(-16777216.0F).dump(), "-16777216.0");
  EXPECT_EQ(to_json(std::vector<float>{1e20F, 3.4028235e38F}).dump(), "[1e+20,3.4028235e+38]");
  for (float number : {0.1F, 1e-45F, 3.4028235e38F, 1.17549435e-38F, 0.3333333F}) EXPECT_EQ(from_json<float>(to_json(number)), number);
}

TEST(JsonTest, CarriesSequencesOfEverySizeThatIsWrittenDifferently) {
  for (std::size_t size : {0, 1, 15, 254, 255, 256, 257, 2047, 2048, 2049, 100'000}) {
    expect_both_ways(std::string(size, 'x'), Json(std::string(size, 'x')));
    expect_both_ways(std::vector<std::int16_t>(size, -2), Json(std::vector<int>(size, -2)));
    expect_both_ways(std::vector<bool>(size, true), Json(std::vector<bool>(size, true)));
    expect_both_ways(std::map<std::string, std::string>{{"key", std::string(size, 'x')}}, Json{{"key", std::string(size, 'x')}});
    expect_both_ways(std::vector<std::complex<double>>(size, {1, 2}), Json(std::vector<std::array<double, 2>>(size, {1, 2})));
  }
}

TEST(JsonTest, AlignsBlocksWhoseElementsAreNoPowersOfTwo) {
  using Odd = std::array<std::int32_t, 3>;
  using Mixed = std::tuple<char, std::vector<Odd>, bool, std::vector<std::complex<double>>, char, Odd>;
  expect_both_ways(Mixed{'a', {{1, 2, 3}, {4, 5, 6}}, true, {{1, 2}}, 'b', {7, 8, 9}},
                   R"(["a", [[1, 2, 3], [4, 5, 6]], true, [[1.0, 2.0]], "b", [7, 8, 9]])");
  expect_both_ways(std::vector<Odd>(1000, {1, 2, 3}), Json(std::vector<Odd>(1000, {1, 2, 3})));
}

TEST(JsonTest, CarriesLargeArrays) {
  auto large = std::make_unique<std::array<double, 1000>>();
  large->fill(0.5);
  expect_both_ways(*large, Json(std::vector<double>(1000, 0.5)));
  expect_both_ways(std::array<std::string, 2>{"a", std::string(3000, 'b')}, Json{"a", std::string(3000, 'b')});
  expect_both_ways(std::array<std::int32_t, 0>{}, "[]");
}

TEST(JsonTest, CarriesTuplesAndOptionals) {
  expect_both_ways(std::pair<std::string, std::vector<double>>{"a", {1, 2}}, R"(["a", [1.0, 2.0]])");
  expect_both_ways(std::tuple<>{}, "[]");
  expect_both_ways(std::vector<std::tuple<>>(3), "[[], [], []]");
  expect_both_ways(std::optional<int>{}, "null");
  expect_both_ways(std::optional<std::string>{"x"}, "\"x\"");
  expect_both_ways(std::vector<std::optional<std::pair<int, std::string>>>{std::pair{1, std::string(5000, 'x')}, std::nullopt},
                   Json{{1, std::string(5000, 'x')}, nullptr});
}

TEST(JsonTest, CarriesMapsAndSets) {
  expect_both_ways(std::map<std::string, int>{{"b", 1}, {"a", 2}}, R"({"a": 2, "b": 1})");
  using Lists = std::unordered_map<std::string, std::vector<std::string>>;
  expect_both_ways(Lists{{"a", {"x", "y"}}, {"b", {}}}, R"({"a": ["x", "y"], "b": []})");
  expect_both_ways(std::map<int, std::optional<double>>{{1, 0.5}, {2, std::nullopt}}, "[[1, 0.5], [2, null]]");
  expect_both_ways(std::set<std::string>{"a", "b"}, R"(["a", "b"])");
  expect_both_ways(std::unordered_set<int>{7}, "[7]");
  expect_both_ways(std::map<std::string, int>{}, "{}");
  using Maps = std::vector<std::map<std::string, std::pair<bool, std::array<float, 2>>>>;
  expect_both_ways(Maps{{{"a", {true, {1, 2}}}}, {}}, R"([{"a": [true, [1.0, 2.0]]}, {}])");
  expect_both_ways(std::tuple<int, std::set<int>, std::string>{1, {2, 3}, "x"}, R"([1, [2, 3], "x"])");
}

TEST(JsonTest, CarriesVariantsAsTheFirstAlternativeThatFits) {
  using Words = std::vector<std::variant<bool, std::string>>;
  using Variant = std::variant<std::monostate, std::int8_t, double, std::string, Words>;
  expect_both_ways(Variant{}, "null");
  expect_both_ways(Variant{std::int8_t{5}}, "5");
  expect_both_ways(Variant{500.0}, "500.0");
  expect_both_ways(Variant{"text"}, "\"text\"");
  expect_both_ways(std::vector<Variant>{Words{true, "x"}, 1.5}, R"([[true, "x"], 1.5])");
  expect_misfit<std::vector<Variant>>("[1, {}]", "[1]: expected <none|i8|f64|str|[<bool|str>]>, got an object of 0");
}

TEST(JsonTest, CarriesStructsAsArrays) {
  Named named;
  named.x = 1.5, named.tag = -2, named.name = "n", named.flags = {true, false};
  std::memcpy(named.code, "abc", 3);
  expect_both_ways(named, R"([[1.5, -2, "n", ["a", "b", "c"]], [true, false]])");
  expect_both_ways(std::vector<Point>{named, Point{}}, R"([[1.5, -2, "n", ["a", "b", "c"]], [0.0, 0, "", ["\u0000", "\u0000", "\u0000"]]])");
  expect_both_ways(std::map<std::string, Point>{{"p", named}}, R"({"p": [1.5, -2, "n", ["a", "b", "c"]]})");
}

TEST(JsonTest, CarriesStructsInsideThemselves) {
  Json json = Json::parse("[1, [[2, [], null], [3, [[4, [], null]], null]], [5, [], null]]");
  EXPECT_EQ(to_json(from_json<Tree>(json)), json);
  EXPECT_EQ(from_json<Tree>(json).children[1].children[0].value, 4);
  EXPECT_EQ(from_json<Tree>(json).left->value, 5);
  // @Parent is the outer one, for it is named where no other is; so @Child is the inner one.
  Parent parent{{Child{{Child{}}, {Parent{}, Parent{}}}}, {Parent{}}};
  expect_both_ways(parent, "[[[[], []]], [[[[[], []]], [[[], []], [[], []]]]]]");
}

TEST(JsonTest, CarriesPointers) {
  auto shared = std::make_shared<std::string>("shared");
  EXPECT_EQ(to_json(Owners{shared, nullptr, shared}), Json::parse(R"(["shared", null, "shared"])"));
  Owners back = from_json<Owners>(Json::parse(R"(["a", null, "c"])"));
  EXPECT_EQ(*back.first, "a");
  EXPECT_EQ(back.second, nullptr);
  EXPECT_EQ(*back.third, "c");
  auto pointers = from_json<std::vector<std::unique_ptr<int>>>(Json::parse("[1, null]"));
  EXPECT_EQ(*pointers[0], 1);
  EXPECT_EQ(pointers[1], nullptr);
  EXPECT_EQ(to_json(pointers), Json::parse("[1, null]"));
}

TEST(JsonTest, RefusesARingOfPointers) {
  auto ring = std::make_shared<Ring>();
  ring->next = ring;
  EXPECT_THROWS_WITH(to_json(*ring), UsageError, "leads back to itself");
  ring->next = nullptr;
}

TEST(JsonTest, TellsAVoidResultFromAMonostate) {
  EXPECT_EQ(decoded("void", Carried(Encoder())), nullptr);
  expect_both_ways(std::monostate{}, "null");
  expect_both_ways(std::tuple(std::monostate{}, 1), "[null, 1]");
}

TEST(JsonTest, ReadsWhatOnlyKernelsHave) {
  Block<double> block(3);
  for (std::size_t i = 0; i < 3; ++i) block[i] = static_cast<double>(i);
  EXPECT_EQ(to_json(block), Json::parse("[0.0, 1.0, 2.0]"));
  std::vector<int> numbers{1, 2};
  EXPECT_EQ(to_json(std::span<const int>(numbers)), Json::parse("[1, 2]"));
  EXPECT_EQ(to_json(std::string_view("literal")), "literal");
}

TEST(JsonTest, CarriesSeveralValuesInOneFrame) {
  Encoder out;
  encode_json(std::vector<double>(1000, 0.5), "[f64]", out);
  encode_json("x", "str", out);
  encode_json(std::vector<int>(1000, 7), "{i32}", out);
  out.close();
  Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  Json numbers, text, set;
  decode_json("[f64]", in, numbers);
  decode_json("str", in, text);
  decode_json("{i32}", in, set);
  in.expect_end();
  frame.deliver(in);
  in.finish();
  EXPECT_EQ(numbers, Json(std::vector<double>(1000, 0.5)));
  EXPECT_EQ(text, "x");
  EXPECT_EQ(set.size(), 1000u);
}

TEST(JsonTest, SaysWhereAValueDoesNotFit) {
  expect_misfit<int>("\"x\"", "expected i32, got \"x\"");
  expect_misfit<std::vector<std::map<std::string, int>>>(R"([{}, {}, {"name": "x"}])", "[2].name: expected i32, got \"x\"");
  expect_misfit<std::vector<int>>("{\"a\": 1}", "expected [i32], got an object of 1");
  expect_misfit<std::array<int, 3>>("[1, 2]", "expected [i32;3], got an array of 2");
  expect_misfit<std::pair<int, std::string>>("[1, \"a\", 2]", "expected (i32,str), got an array of 3");
  expect_misfit<std::map<int, int>>("[[1, 2], [1]]", "[1]: expected (i32,i32), got an array of 1");
  expect_misfit<std::map<int, int>>("[[1, 2], [3, null]]", "[1][1]: expected i32, got null");
  expect_misfit<std::map<std::string, int>>("[]", "expected {str:i32}, got an array of 0");
  expect_misfit<std::optional<std::string>>("5", "expected str, got 5");
  expect_misfit<std::complex<double>>("[1]", "expected complex(f64), got an array of 1");
  expect_misfit<Point>("[1, 2, 3, \"abc\"]", "[2]: expected str, got 3");
  expect_misfit<Tree>("[1, [[2, [], 5]], null]", "[1][0][2]: expected struct(i64,[@Tree],*@Tree), got 5");
  expect_misfit<std::tuple<std::monostate, int>>("[0, 1]", "[0]: expected null, got 0");
  expect_misfit<int>(("\"" + std::string(100, 'x') + "\"").c_str(), std::string(56, 'x') + "...");
}

TEST(JsonTest, RefusesValuesDeeperThanAStackShouldBe) {
  Json deep = Json::parse("[1, [], null]");
  for (int i = 0; i < 10'000; ++i) deep = Json::array({1, Json::array(), std::move(deep)});
  EXPECT_THROWS_WITH(encoded_json(deep, type_of<Tree>().text), UsageError, "less depth");
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += '\1';
  EXPECT_THROWS_WITH(decoded("struct(*@List)", Carried(encoded(bytes))), UsageError, "structs deep");
}

TEST(JsonTest, RefusesTypesWhoseTextDoesNotTellTheirForm) {
  auto refused = [](const std::string& type, const std::string& why) {
    SCOPED_TRACE(type);
    EXPECT_THROWS_WITH(encoded_json(nullptr, type), UsageError, "type " + type + " has no form in JSON: ", why);
    EXPECT_THROWS_WITH(decoded(type, Carried(Encoder())), UsageError, why);
  };
  refused(type_of<Split>().text, "opaque Split#0");
  refused(type_of<std::tuple<int, std::multimap<int, int>, int>>().text, "opaque multimap<int, int>#0 ");
  refused(type_of<std::vector<Versioned>>().text, "class version (struct#0)");
  refused(type_of<Raw>().text, "raw bytes");
  refused(type_of<Sized>().text, "raw size");
  refused(type_of<Forest>().text, "@Tree may be any of the structs");
  EXPECT_EQ(type_of<Namesake>().text, "struct([@Namesake],[struct([@Namesake],[@Namesake])])");
  refused(type_of<Namesake>().text, "@Namesake may be any of the structs");
  EXPECT_EQ(type_of<std::optional<std::unique_ptr<int>>>().text, type_of<std::unique_ptr<std::optional<int>>>().text);
  refused("[*i32?]", "same text");
}

TEST(JsonTest, ReadsNamesWithTemplateArguments) {
  Json value = Json::parse("[1, {\"a\": [2, {}]}]");
  for (std::string name : {"Node", "Node<int, std::map<a::B, C> >", "Node<(Color)1>", "<lambda(int)>::Node"}) {
    std::string type = "struct(i32,{str:@" + name + "})";
    EXPECT_EQ(decoded(type, Carried(encoded_json(value, type))), value) << type;
  }
}

TEST(JsonTest, RefusesEveryShorterFrame) {
  using Value =
      std::tuple<std::vector<std::string>, std::array<double, 3>, std::optional<std::complex<float>>, std::map<std::string, std::vector<int>>,
                 std::vector<std::variant<Tree, std::set<bool>>>, std::vector<std::uint16_t>, std::vector<std::optional<Point>>>;
  Json value = Json::parse(R"([["a", "bc"], [1.0, 2.0, 3.0], [1.0, 2.0], {"k": [1, 2]}, [[true], [1, [[2, [], null]], null]],
                               [7], [[1.5, -2, "n", ["a", "b", "c"]]]])");
  std::string type = type_of<Value>().text;
  Encoder out = encoded_json(value, type);
  EXPECT_EQ(decoded(type, Carried(out)), value);
  std::span<const std::byte> body = out.body;
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_THROW(decoded(type, Carried(body.first(size), 0)), DataError) << size;
}

}  // namespace
}  // namespace gluster::plugin
