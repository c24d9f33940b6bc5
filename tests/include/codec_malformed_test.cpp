#include <gluster/codec.hpp>
#include <gluster/entries.hpp>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"
#include "fixtures/throws_with.hpp"

// What is no frame is a DataError: never a crash, never memory that its bytes do not justify.
namespace {

struct Node {
  std::int64_t value = 0;
  std::vector<Node> children;
  std::unique_ptr<Node> next;
  template <class A>
  void serialize(A& archive) {
    archive(value, children, next);
  }
};

Node some_nodes() {
  Node node;
  node.value = 3;
  node.children.resize(2);
  node.children[0].next = std::make_unique<Node>();
  return node;
}

}  // namespace

namespace gluster {
namespace {

using tests::Carried;
using tests::encoded;

// Decodes a T from these bytes: true when it is one, false for a DataError. Anything else that is thrown is a failure of the test.
template <class T>
bool is_one(std::span<const std::byte> body, const std::vector<std::vector<std::byte>>& segments) {
  Carried frame(body, segments.size());
  frame.segments = segments;
  try {
    Decoder in(frame.body(), frame.segment_count());
    T value{};
    tests::decode_all(in, frame, value);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

template <class T>
T sample();
template <>
int sample() {
  return 7;
}
template <>
std::string sample() {
  return "some text";
}
template <>
std::vector<double> sample() {
  return {1, 2, 3};
}
template <>
std::tuple<std::string, std::vector<double>, int> sample() {
  return {std::string(300, 'x'), std::vector<double>(20, 1), 5};
}
template <>
std::tuple<char, std::vector<double>, std::string> sample() {
  return {'c', std::vector<double>(500, 1), std::string(3000, 's')};
}
template <>
std::vector<std::vector<std::string>> sample() {
  return {{"a", "bc"}, {}, {std::string(4000, 'd')}};
}
template <>
std::vector<bool> sample() {
  return {true, false, true};
}
template <>
std::optional<std::pair<int, std::string>> sample() {
  return {{1, "x"}};
}
template <>
std::map<std::string, std::vector<int>> sample() {
  return {{"a", {1, 2}}, {"b", {}}};
}
template <>
std::variant<int, std::string> sample() {
  return "text";
}
template <>
std::set<std::string> sample() {
  return {"a", "b"};
}
template <>
std::array<std::string, 3> sample() {
  return {"a", "", "c"};
}
template <>
std::tuple<std::map<int, std::string>, std::map<int, std::string>> sample() {
  return {{{1, std::string(5000, 'm')}}, {{2, "n"}}};
}
template <>
Node sample() {
  return some_nodes();
}
template <>
std::tuple<> sample() {
  return {};
}
using Words = Entries<std::string_view, std::int64_t>;
template <>
Words sample() {
  return tests::round_trip<Words>(std::map<std::string, std::int64_t>{{"a", 1}, {"bc", -1}});
}

template <class T>
class CodecMalformedTest : public testing::Test {
 protected:
  CodecMalformedTest() : value_(sample<T>()), out_(encoded(value_)), frame_(out_) {}

  T value_;
  Encoder out_;
  Carried frame_;
};
using Types = testing::Types<int, std::string, std::vector<double>, std::tuple<std::string, std::vector<double>, int>,
                             std::tuple<char, std::vector<double>, std::string>, std::vector<std::vector<std::string>>, std::vector<bool>,
                             std::optional<std::pair<int, std::string>>, std::map<std::string, std::vector<int>>, std::variant<int, std::string>,
                             std::set<std::string>, std::array<std::string, 3>, std::tuple<std::map<int, std::string>, std::map<int, std::string>>,
                             Node, std::tuple<>, Words>;
TYPED_TEST_SUITE(CodecMalformedTest, Types);

TYPED_TEST(CodecMalformedTest, TakesTheWholeFrame) { EXPECT_TRUE(is_one<TypeParam>(this->frame_.body(), this->frame_.segments)); }

TYPED_TEST(CodecMalformedTest, RefusesEveryShorterPrefix) {
  auto body = this->frame_.body();
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(is_one<TypeParam>(body.first(size), this->frame_.segments)) << size << " of " << body.size() << " bytes";
}

TYPED_TEST(CodecMalformedTest, RefusesALongerFrame) {
  auto body = this->frame_.body();
  std::vector<std::byte> longer(body.begin(), body.end());
  longer.resize(longer.size() + 16);
  EXPECT_FALSE(is_one<TypeParam>(longer, this->frame_.segments));
}

TYPED_TEST(CodecMalformedTest, RefusesAnotherNumberOfSegments) {
  auto more = this->frame_.segments, fewer = more;
  more.emplace_back(kSegmentBytes);
  EXPECT_FALSE(is_one<TypeParam>(this->frame_.body(), more));
  if (fewer.empty()) return;
  fewer.pop_back();
  EXPECT_FALSE(is_one<TypeParam>(this->frame_.body(), fewer));
}

TYPED_TEST(CodecMalformedTest, SurvivesEveryByteChanged) {
  auto body = this->frame_.body();
  for (std::size_t at = 0; at < body.size(); ++at)
    for (int change : {0x01, 0x02, 0x10, 0x7f, 0x80, 0xff}) {
      body[at] ^= static_cast<std::byte>(change);
      EXPECT_NO_THROW(is_one<TypeParam>(body, this->frame_.segments)) << "byte " << at << " ^ " << change;
      body[at] ^= static_cast<std::byte>(change);
    }
}

TYPED_TEST(CodecMalformedTest, SurvivesEveryEightBytesBecomingALargeNumber) {
  auto body = this->frame_.body();
  for (std::size_t at = 0; at + 8 <= body.size(); ++at)
    for (std::uint64_t number :
         {~std::uint64_t{0}, ~std::uint64_t{0} / 2, ~std::uint64_t{0} / 8, ~std::uint64_t{0} / 16 + 1, std::uint64_t{1} << 32}) {
      std::uint64_t was;
      std::memcpy(&was, &body[at], 8);
      std::memcpy(&body[at], &number, 8);
      EXPECT_NO_THROW(is_one<TypeParam>(body, this->frame_.segments)) << "at " << at << ": " << number;
      std::memcpy(&body[at], &was, 8);
    }
}

// A block's length and its segment's size agree, and neither can be: the one lie that two wrong numbers tell.
TEST(CodecMalformedFrameTest, RefusesASegmentNoMemoryCanHold) {
  for (std::uint64_t count : {std::uint64_t{1} << 60, (std::uint64_t{1} << 61) - 1, std::uint64_t{1} << 61}) {
    Encoder out;
    out.length(count);
    out.align(8);
    out.put(count * 8);
    Carried frame(out.body, 1);
    Decoder in(frame.body(), 1);
    std::vector<double> value;
    // bad_alloc is for what memory is too small for; length_error is nobody's to catch.
    try {
      detail::decode(in, value);
      ADD_FAILURE() << "made a vector of " << value.size();
    } catch (const DataError&) {
    } catch (const std::bad_alloc&) {
    } catch (const std::exception& error) {
      ADD_FAILURE() << count << " elements: a link takes Error and bad_alloc only, not: " << error.what();
    }
  }
}

TEST(CodecMalformedFrameTest, RefusesMoreSegmentsThanTheBodyHasSizesFor) {
  Encoder out;
  out.put(std::uint64_t{1});
  Carried frame(out.body, 0);
  EXPECT_THROWS_WITH(Decoder(frame.body(), 2), DataError, "more segments");
  EXPECT_THROWS_WITH(Decoder(frame.body(), std::size_t{1} << 62), DataError, "more segments");
}

// Every truth value read from foreign bytes is 0 or 1, or the program's behaviour is undefined.
template <class T>
std::uint8_t raw_bool_of(std::byte written) {
  Encoder out = encoded(T{{true}});
  Carried frame(out);
  auto body = frame.body();
  for (std::byte& byte : body.last(1)) byte = written;
  Decoder in(body, 0);
  T value{};
  try {
    tests::decode_all(in, frame, value);
  } catch (const DataError&) {
    return 1;
  }
  std::uint8_t raw;
  std::memcpy(&raw, &*std::begin(value), 1);
  return raw;
}

TEST(CodecMalformedFrameTest, ABoolIsNeverAnythingButTrueOrFalse) {
  EXPECT_LE((raw_bool_of<std::array<bool, 1>>(std::byte{7})), 1) << "array";
  EXPECT_LE((raw_bool_of<std::set<bool>>(std::byte{7})), 1) << "inside what cereal reads";
}

}  // namespace
}  // namespace gluster
