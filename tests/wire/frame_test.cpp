#include "wire/frame.hpp"

#include <cstring>

#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"
#include "wire/message.hpp"

namespace gluster::wire {
namespace {

constexpr std::size_t kLargestBody = kMessageBytes - sizeof(Head);

// A frame whose body is `bytes` bytes: 0, 1, 2, ...
struct Sample {
  explicit Sample(std::size_t bytes, std::uint64_t number = 77) {
    for (std::size_t i = 0; i < bytes; ++i) content.put(static_cast<std::uint8_t>(i));
    frame = {Word::kCall, 3, number, &content, nullptr};
  }
  Sample(const Sample&) = delete;

  Encoder content;
  Frame frame;
};

class Message {
 public:
  void add(const Frame& frame) {
    std::size_t at = padded(size_);
    pack(frame, bytes_ + at);
    size_ = at + packed_bytes(frame);
  }
  std::span<const std::byte> bytes() const { return {bytes_, size_}; }
  std::span<std::byte> bytes() { return {bytes_, size_}; }

 private:
  alignas(64) std::byte bytes_[kMessageBytes] = {};
  std::size_t size_ = 0;
};

TEST(FrameTest, ComesBackAsItWasPacked) {
  Sample sample(100);
  Message message;
  message.add(sample.frame);
  auto rest = std::as_const(message).bytes();
  View view = unpack(rest);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(view.head.word, Word::kCall);
  EXPECT_EQ(view.head.attempt, 3);
  EXPECT_EQ(view.head.number, 77u);
  EXPECT_EQ(view.head.segments, 0u);
  EXPECT_EQ(view.head.spilled, 0);
  ASSERT_EQ(view.body.size(), 100u);
  EXPECT_EQ(std::memcmp(view.body.data(), sample.content.body.data(), 100), 0);
}

TEST(FrameTest, SaysWhichParcelIsItsOwn) {
  Sample small(100), large(kMessageBytes);
  for (Sample* sample : {&small, &large}) {
    alignas(16) std::byte bytes[kMessageBytes];
    pack(sample->frame, bytes, 0x89abcdef);
    std::span<const std::byte> message(bytes, packed_bytes(sample->frame));
    View view = unpack(message);
    EXPECT_EQ(view.head.parcel, 0x89abcdef);
    EXPECT_EQ(view.head.spilled, sample == &large ? 1 : 0);
    EXPECT_EQ(view.head.word, Word::kCall);
  }
}

TEST(FrameTest, KnowsWhatTravelsBesideItsMessage) {
  Sample small(100), large(kMessageBytes);
  const std::string text(5000, 'a');
  EXPECT_EQ(bytes_of_pieces(small.frame), 0u);
  EXPECT_EQ(bytes_of_pieces(large.frame), kMessageBytes);
  detail::encode(small.content, text);
  small.content.close();
  EXPECT_EQ(bytes_of_pieces(small.frame), 5000u);
}

TEST(FrameTest, SeveralTravelInOneMessageEachAligned) {
  Sample one(1, 1), none(0, 2), many(333, 3);
  Message message;
  for (const Sample* sample : {&one, &none, &many}) message.add(sample->frame);
  auto rest = std::as_const(message).bytes();
  for (const Sample* sample : {&one, &none, &many}) {
    View view = unpack(rest);
    EXPECT_EQ(view.head.number, sample->frame.number);
    ASSERT_EQ(view.body.size(), sample->content.body.size());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.body.data()) % 16, 0u);
    EXPECT_TRUE(std::equal(view.body.begin(), view.body.end(), sample->content.body.data()));
  }
  EXPECT_TRUE(rest.empty());
}

TEST(FrameTest, RefusesEveryShorterPrefix) {
  for (std::size_t body : {0, 1, 16, 100}) {
    Sample sample(body);
    Message message;
    message.add(sample.frame);
    for (std::size_t size = 0; size < message.bytes().size(); ++size) {
      std::span<const std::byte> prefix = std::as_const(message).bytes().first(size);
      EXPECT_THROW(unpack(prefix), DataError) << size << " bytes of a frame with a body of " << body;
    }
  }
}

TEST(FrameTest, RefusesASecondFrameThatIsCutShort) {
  Sample first(8), second(40);
  Message message;
  message.add(first.frame);
  std::size_t whole = message.bytes().size();
  message.add(second.frame);
  for (std::size_t size = whole + 1; size < message.bytes().size(); ++size) {
    std::span<const std::byte> rest = std::as_const(message).bytes().first(size);
    EXPECT_NO_THROW(unpack(rest));
    EXPECT_THROW(unpack(rest), DataError) << size;
  }
}

TEST(FrameTest, SurvivesEveryByteChanged) {
  Sample sample(64);
  Message message;
  message.add(sample.frame);
  auto bytes = message.bytes();
  for (std::size_t at = 0; at < sizeof(Head); ++at)
    for (int value = 0; value < 256; ++value) {
      std::byte was = std::exchange(bytes[at], static_cast<std::byte>(value));
      std::span<const std::byte> rest = bytes;
      try {
        View view = unpack(rest);
        EXPECT_LE(view.body.size(), bytes.size() - sizeof(Head)) << "byte " << at << " is " << value;
        EXPECT_LT(rest.size(), bytes.size()) << "a frame takes something, or reading a message would never end";
        EXPECT_TRUE(view.body.empty() || (view.body.data() >= bytes.data() && &view.body.back() <= &bytes.back()));
      } catch (const DataError&) {}
      bytes[at] = was;
    }
}

TEST(FrameTest, ABodyThatDoesNotFitSpills) {
  Sample fits(kLargestBody), spilled(kLargestBody + 1);
  EXPECT_FALSE(spills(fits.frame));
  EXPECT_EQ(packed_bytes(fits.frame), kMessageBytes);
  EXPECT_TRUE(is_small(fits.frame));
  EXPECT_TRUE(spills(spilled.frame));
  EXPECT_FALSE(is_small(spilled.frame));
  EXPECT_EQ(packed_bytes(spilled.frame), sizeof(Head)) << "the head alone is in the message";
  Message message;
  message.add(spilled.frame);
  auto rest = std::as_const(message).bytes();
  View view = unpack(rest);
  EXPECT_NE(view.head.spilled, 0);
  EXPECT_EQ(view.head.body, kLargestBody + 1);
  EXPECT_TRUE(view.body.empty());
  EXPECT_TRUE(rest.empty());
}

TEST(FrameTest, WithSegmentsIsNotSmall) {
  Sample sample(0);
  std::vector<std::byte> block(kSegmentBytes);
  sample.content.block(block.data(), block.size(), 1);
  sample.content.close();
  EXPECT_FALSE(is_small(sample.frame));
  EXPECT_FALSE(spills(sample.frame));
  Message message;
  message.add(sample.frame);
  auto rest = std::as_const(message).bytes();
  EXPECT_EQ(unpack(rest).head.segments, 1u);
}

}  // namespace
}  // namespace gluster::wire
