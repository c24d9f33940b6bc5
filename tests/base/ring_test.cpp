#include "base/ring.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

constexpr std::size_t kBytes = 100;
constexpr std::size_t kSlots = 8;
using SmallRing = Ring<kBytes, kSlots>;

class RingTest : public testing::Test {
 protected:
  // False when the ring is full.
  bool write(const std::string& text) {
    std::byte* place = writer.place();
    if (place == nullptr) return false;
    std::memcpy(place, text.data(), text.size());
    writer.publish(text.size());
    return true;
  }
  std::string read() {
    auto message = reader.message();
    std::string text(reinterpret_cast<const char*>(message.data()), message.size());
    reader.pop();
    return text;
  }

  std::unique_ptr<SmallRing> ring = std::make_unique<SmallRing>();  // all zeros
  SmallRing::Writer writer{*ring};
  SmallRing::Reader reader{*ring};
};

TEST_F(RingTest, IsEmptyAtFirst) {
  EXPECT_FALSE(reader.has_message());
  EXPECT_NE(writer.place(), nullptr);
  EXPECT_FALSE(reader.has_message()) << "a place was asked for, and nothing published";
}

TEST_F(RingTest, GivesMessagesInOrderEachWithItsSize) {
  for (const char* text : {"one", "", "three"}) ASSERT_TRUE(write(text));
  for (const char* text : {"one", "", "three"}) {
    ASSERT_TRUE(reader.has_message());
    EXPECT_EQ(read(), text);
  }
  EXPECT_FALSE(reader.has_message());
}

TEST_F(RingTest, TakesAMessageOfFullSize) {
  ASSERT_TRUE(write(std::string(kBytes, 'x')));
  EXPECT_EQ(read(), std::string(kBytes, 'x'));
}

TEST_F(RingTest, IsFullAfterAsManyMessagesAsItHasSlots) {
  for (std::size_t i = 0; i < kSlots; ++i) ASSERT_TRUE(write(std::to_string(i)));
  EXPECT_FALSE(write("too many"));
  for (std::size_t i = 0; i < kSlots; ++i) EXPECT_EQ(read(), std::to_string(i)) << "what did not fit left nothing behind";
  EXPECT_TRUE(write("again"));
  EXPECT_EQ(read(), "again");
}

TEST_F(RingTest, HasRoomAgainAfterAQuarterWasRead) {
  for (std::size_t i = 0; i < kSlots; ++i) ASSERT_TRUE(write("full"));
  for (std::size_t i = 0; i < kSlots / 4; ++i) read();
  for (std::size_t i = 0; i < kSlots / 4; ++i) EXPECT_TRUE(write("more"));
  EXPECT_FALSE(write("too many"));
}

TEST_F(RingTest, BelievesNoSizeBeyondASlots) {
  ASSERT_TRUE(write("x"));
  writer.place();
  writer.publish(1'000'000);
  read();
  EXPECT_EQ(reader.message().size(), kBytes);
}

TEST_F(RingTest, CrossesBetweenTwoThreadsWhole) {
  constexpr int kMessages = 100'000;
  std::thread other([&] {
    for (int i = 0; i < kMessages;)
      if (write(std::to_string(i) + std::string(static_cast<std::size_t>(i) % 90, '.'))) ++i;
      else std::this_thread::yield();
  });
  for (int i = 0; i < kMessages;) {  // the test's own time limit bounds it
    if (!reader.has_message()) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(read(), std::to_string(i) + std::string(static_cast<std::size_t>(i) % 90, '.'));
    ++i;
  }
  other.join();
}

}  // namespace
}  // namespace gluster::base
