#include <gluster/codec.hpp>

#include <cstddef>
#include <numeric>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"

// What travels by itself and what stays in the body, where it comes to lie, and how often it is copied: never.
namespace gluster {
namespace {

using tests::Carried;
using tests::encoded;
using tests::round_trip;

std::vector<double> numbers(std::size_t bytes) {
  std::vector<double> values(bytes / sizeof(double));
  std::iota(values.begin(), values.end(), 0.5);
  return values;
}

bool lies_in(const void* data, std::span<std::byte> range) {
  return std::less_equal<>()(range.data(), data) && std::less<>()(data, range.data() + range.size());
}

TEST(CodecSegmentsTest, ABlockIsASegmentFromTheLimitOn) {
  EXPECT_EQ(encoded(numbers(0)).segments.size(), 0u);
  EXPECT_EQ(encoded(numbers(kSegmentBytes - 8)).segments.size(), 0u);
  EXPECT_EQ(encoded(numbers(kSegmentBytes)).segments.size(), 1u);
  EXPECT_EQ(encoded(numbers(kSegmentBytes + 8)).segments.size(), 1u);
  EXPECT_EQ(encoded(std::string(kSegmentBytes - 1, 'x')).segments.size(), 0u);
  EXPECT_EQ(encoded(std::string(kSegmentBytes, 'x')).segments.size(), 1u);
}

TEST(CodecSegmentsTest, CarriesEverySizeAroundTheLimit) {
  for (std::size_t bytes : {std::size_t{0}, std::size_t{8}, kSegmentBytes - 8, kSegmentBytes, kSegmentBytes + 8, 100 * kSegmentBytes}) {
    EXPECT_EQ(round_trip<std::vector<double>>(numbers(bytes)), numbers(bytes)) << bytes;
    auto block = round_trip<Block<double>, std::vector<double>>(numbers(bytes));
    EXPECT_TRUE(std::ranges::equal(block, numbers(bytes))) << bytes;
    std::vector<std::vector<double>> nested{numbers(bytes), {}, numbers(16), numbers(bytes)};
    EXPECT_EQ(round_trip<decltype(nested)>(nested), nested) << bytes;
    EXPECT_EQ(encoded(nested).segments.size(), bytes >= kSegmentBytes ? 2u : 0u);
  }
}

TEST(CodecSegmentsTest, CarriesLargeArraysAndWhatNestsThem) {
  std::array<double, 1000> array;
  array.fill(2.5);
  EXPECT_EQ((round_trip<std::array<double, 1000>>(array)), array);
  std::array<std::array<double, 20>, 20> matrix{};
  matrix[19][19] = 3;
  EXPECT_EQ((round_trip<decltype(matrix)>(matrix)), matrix);
  std::array<std::vector<double>, 2> vectors{numbers(8000), numbers(80)};
  EXPECT_EQ((round_trip<decltype(vectors)>(vectors)), vectors);
  std::vector<std::pair<std::string, std::optional<std::vector<double>>>> mixed{
      {std::string(3000, 'a'), numbers(5000)}, {"b", std::nullopt}, {"c", numbers(80)}};
  EXPECT_EQ(round_trip<decltype(mixed)>(mixed), mixed);
}

TEST(CodecSegmentsTest, ALargeBlockGoesOutFromWhereItLies) {
  std::vector<double> values = numbers(80'000);
  Encoder out = encoded(std::tuple{1, std::string("small")});
  detail::encode(out, values);
  ASSERT_EQ(out.segments.size(), 1u);
  EXPECT_EQ(out.segments[0].data, values.data());
  EXPECT_EQ(out.segments[0].bytes, 80'000u);
}

TEST(CodecSegmentsTest, ALargeBlockArrivesWhereItWillBeRead) {
  std::vector<double> values = numbers(80'000);
  Encoder out = encoded(values);
  Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  std::vector<double> back;
  detail::decode(in, back);
  ASSERT_EQ(in.places.size(), 1u);
  EXPECT_EQ(in.places[0].data, back.data());
  EXPECT_FALSE(in.is_unfinished()) << "nothing is left to be copied";
}

TEST(CodecSegmentsTest, WhatCerealWritesIsFinishedWhenItIsHere) {
  std::map<int, std::vector<double>> map{{1, numbers(8000)}};
  Encoder out = encoded(map);
  EXPECT_EQ(out.kept.size(), 1u) << "the encoder owns what it made";
  Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  std::map<int, std::vector<double>> back;
  detail::decode(in, back);
  EXPECT_TRUE(in.is_unfinished());
  EXPECT_TRUE(back.empty()) << "nothing is read before it has arrived";
  frame.deliver(in);
  in.finish();
  EXPECT_EQ(back, map);
  EXPECT_FALSE(in.is_unfinished());
}

TEST(CodecSegmentsTest, ViewsLieInTheBodyAlignedForTheirType) {
  Encoder out;
  std::vector<double> doubles{1, 2, 3};
  std::vector<std::uint16_t> shorts{4, 5};
  std::vector<long double> longs{6};
  detail::encode(out, char{'x'});  // what follows is off every alignment
  detail::encode(out, doubles);
  detail::encode(out, std::string_view("odd"));
  detail::encode(out, shorts);
  detail::encode(out, std::string_view("o"));
  detail::encode(out, longs);
  out.close();
  Carried frame(out);
  Decoder in(frame.body(), 0);
  char first;
  std::span<const double> d;
  std::string_view odd, o;
  std::span<const std::uint16_t> s;
  std::span<const long double> l;
  detail::decode(in, first);
  detail::decode(in, d);
  detail::decode(in, odd);
  detail::decode(in, s);
  detail::decode(in, o);
  detail::decode(in, l);
  in.expect_end();
  EXPECT_THAT(d, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(odd, "odd");
  EXPECT_THAT(s, testing::ElementsAre(4, 5));
  EXPECT_EQ(o, "o");
  EXPECT_THAT(l, testing::ElementsAre(6));
  auto expect_in_place = [&](const void* data, std::size_t alignment) {
    EXPECT_TRUE(lies_in(data, frame.body()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % alignment, 0u);
  };
  expect_in_place(d.data(), alignof(double));
  expect_in_place(odd.data(), 1);
  expect_in_place(s.data(), alignof(std::uint16_t));
  expect_in_place(l.data(), alignof(long double));
}

TEST(CodecSegmentsTest, LargeViewsLieInABlockOfTheDecoder) {
  std::vector<double> values = numbers(80'000);
  Encoder out = encoded(values);
  Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  std::span<const double> view;
  tests::decode_all(in, frame, view);
  EXPECT_TRUE(std::ranges::equal(view, values));
  EXPECT_EQ(view.data(), in.places[0].data);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data()) % alignof(std::max_align_t), 0u);
}

TEST(CodecSegmentsTest, ManySegmentsKeepTheirOrder) {
  std::vector<std::vector<int>> all;
  for (int i = 0; i < 50; ++i) all.emplace_back(600 + static_cast<std::size_t>(i), i);
  Encoder out = encoded(all);
  EXPECT_EQ(out.segments.size(), 50u);
  EXPECT_EQ(out.body.size() % 8, 0u) << "it ends with their sizes";
  EXPECT_EQ(round_trip<decltype(all)>(all), all);
}

TEST(CodecSegmentsTest, BytesGrowAndMove) {
  Bytes bytes;
  for (int i = 0; i < 1000; ++i) bytes.append(&i, sizeof i);
  Bytes moved = std::move(bytes);
  EXPECT_EQ(moved.size(), 4000u);
  EXPECT_EQ(bytes.size(), 0u);  // NOLINT(bugprone-use-after-move): it can be used again
  int seven = 7;
  bytes.append(&seven, sizeof seven);
  Bytes small = std::move(bytes);
  EXPECT_EQ(std::memcmp(small.data(), &seven, sizeof seven), 0);
  moved = std::move(small);
  EXPECT_EQ(moved.size(), sizeof seven);
  EXPECT_THROW(moved.extend(static_cast<std::size_t>(-1)), std::bad_alloc);
  EXPECT_EQ(moved.size(), sizeof seven);
}

}  // namespace
}  // namespace gluster
