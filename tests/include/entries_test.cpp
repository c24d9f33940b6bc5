#include <gluster/entries.hpp>

#include <map>
#include <string>
#include <unordered_map>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"

namespace gluster::tests {
namespace {

using Words = Entries<std::string_view, std::int64_t>;

TEST(Entries, AreThoseOfTheMap) {
  const std::map<std::string, std::int64_t> map{{"", 0}, {"Ahab", -5}, {"a word that is longer than any small string", 1}};
  const auto words = round_trip<Words>(map);
  EXPECT_EQ(words.size(), 3u);
  std::map<std::string, std::int64_t> again;
  for (auto [word, times] : words) again.emplace(word, times);
  EXPECT_EQ(again, map);
}

TEST(Entries, OfALargeMapTravelAsASegment) {
  std::unordered_map<std::string, std::int64_t> map;
  for (std::int64_t i = 0; i < 5000; ++i) map.emplace(std::to_string(i), i);
  auto words = round_trip<Words>(map);
  const auto moved = std::move(words);
  EXPECT_TRUE(words.empty());
  std::unordered_map<std::string, std::int64_t> again;
  for (const auto& [word, times] : moved) again.emplace(word, times);
  EXPECT_EQ(again, map);
}

TEST(Entries, OfNumbersAndTextsInAnyPlace) {
  const std::map<bool, std::string> texts{{false, "no"}, {true, "yes"}};
  for (auto [key, text] : round_trip<Entries<bool, std::string_view>>(texts)) EXPECT_EQ(text, texts.at(key));
  EXPECT_EQ(round_trip<Words>(std::map<std::string, std::int64_t>()).begin(), std::default_sentinel);
}

TEST(Entries, TravelOnAsTheMapThatTheyWere) {
  const std::map<std::string, std::int64_t> map{{"Ahab", 5}, {"whale", 7}};
  EXPECT_EQ((round_trip<std::map<std::string, std::int64_t>>(round_trip<Words>(map))), map);
  EXPECT_TRUE((round_trip<std::map<std::string, std::int64_t>>(Words()).empty()));
}

TEST(Entries, MayBeGoneBeforeTheFrameLeaves) {
  std::map<std::int64_t, std::int64_t> map;
  for (std::int64_t i = 0; i < 1000; ++i) map.emplace(i, -i);
  const Encoder out = [&] { return encoded(round_trip<Entries<std::int64_t, std::int64_t>>(map)); }();
  const Carried frame(out);
  EXPECT_EQ(out.segments.size(), 1u);
  EXPECT_EQ(out.kept.size(), 1u) << "by whom the frame holds";
}

TEST(Entries, AreOfTheMapsType) { EXPECT_EQ(type_of<Words>().text, (type_of<std::unordered_map<std::string, std::int64_t>>().text)); }

}  // namespace
}  // namespace gluster::tests
