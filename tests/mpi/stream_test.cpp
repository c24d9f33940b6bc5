#include "mpi/stream.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <gluster/error.hpp>

#include "fixtures/shared_room.hpp"

namespace gluster::mpi {
namespace {

using fixtures::SharedRoom;
constexpr std::size_t kRoom = 4 * SharedRoom::kPage;

std::string letters(std::size_t count) {
  std::string text(count, ' ');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

class StreamTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(writer.open()); }
  std::size_t write(const std::string& text) { return writer.write(text.data(), text.size()); }
  // A part's size, and then as much of it as there is room for.
  std::size_t begin(const std::string& text) {
    const Stream::Part::Size size = text.size();
    EXPECT_EQ(writer.write(&size, sizeof size), sizeof size);
    return write(text);
  }
  template <class Source>
  static std::string read(Source& source, std::size_t bytes) {
    std::string text(bytes, '?');
    text.resize(source.read(text.data(), bytes));
    return text;
  }

  SharedRoom room{kRoom};
  Stream::Counts counts{};
  Stream::Writer writer{counts, room.bytes()};
  Stream::Reader reader{counts, room.bytes()};
};

TEST_F(StreamTest, IsReadAsItWasWrittenAndAsFar) {
  EXPECT_EQ(read(reader, 5), "");
  write("some ");
  write("words");
  EXPECT_EQ(read(reader, 3), "som");
  EXPECT_EQ(read(reader, 100), "e words");
  EXPECT_EQ(read(reader, 1), "");
}

TEST_F(StreamTest, TakesNoMoreThanThereIsRoomFor) {
  const std::string text = letters(kRoom + 100);
  EXPECT_EQ(write(text), kRoom);
  EXPECT_EQ(write("more"), 0u);
  EXPECT_EQ(read(reader, 60), text.substr(0, 60));
  EXPECT_EQ(write(text.substr(kRoom)), 60u);
  EXPECT_EQ(read(reader, 2 * kRoom), text.substr(60, kRoom));
}

TEST_F(StreamTest, GoesRoundInPiecesOfAnySize) {
  std::mt19937 random(7);
  const std::string text = letters(50 * kRoom);
  std::string there;
  for (std::size_t sent = 0; there.size() < text.size();) {
    sent += write(text.substr(sent, random() % kRoom));
    there += read(reader, random() % kRoom);
  }
  EXPECT_TRUE(there == text);
}

TEST_F(StreamTest, IsReadByOneThreadWhileAnotherWrites) {
  std::vector<std::uint64_t> numbers(20 * kRoom / 8), there(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * i;
  std::thread other([&] {
    const auto bytes = std::as_bytes(std::span(numbers));
    for (std::size_t sent = 0; sent < bytes.size();) {
      sent += writer.write(bytes.data() + sent, bytes.size() - sent);
      std::this_thread::yield();
    }
  });
  const auto bytes = std::as_writable_bytes(std::span(there));
  for (std::size_t come = 0; come < bytes.size();) {
    come += reader.read(bytes.data() + come, bytes.size() - come);
    std::this_thread::yield();
  }
  other.join();
  EXPECT_EQ(there, numbers);
}

TEST_F(StreamTest, HasPartsThatAreReadOneAfterTheOther) {
  begin("one");
  begin("and two");
  Stream::Part one(reader), two(reader);
  ASSERT_TRUE(one.has_begun());
  EXPECT_EQ(one.most_left(), 3u);
  EXPECT_EQ(read(one, 3), "one");
  ASSERT_TRUE(two.has_begun());
  EXPECT_EQ(read(two, 3), "and");
  EXPECT_EQ(two.most_left(), 4u);
  EXPECT_EQ(read(two, 4), " two");
}

TEST_F(StreamTest, APartHasBegunWhenAllOfItsSizeIsHere) {
  const Stream::Part::Size size = 2;
  Stream::Part part(reader);
  writer.write(&size, 3);
  EXPECT_FALSE(part.has_begun());
  writer.write(reinterpret_cast<const std::byte*>(&size) + 3, sizeof size - 3);
  EXPECT_TRUE(part.has_begun());
  EXPECT_EQ(part.most_left(), 2u);
}

TEST_F(StreamTest, APartIsPassedOverAsFarAsItIsThereAndInTheEndAllOfIt) {
  const std::string text = letters(2 * kRoom);
  std::size_t sent = begin(text);
  Stream::Part part(reader), next(reader);
  ASSERT_TRUE(part.has_begun());
  EXPECT_EQ(read(part, 10), text.substr(0, 10));
  for (std::size_t passed = 10; !part.is_over(); sent += write(text.substr(sent))) {
    passed += part.pass_over();
    EXPECT_LE(passed, sent);
    EXPECT_EQ(part.is_over(), passed == text.size());
  }
  EXPECT_EQ(sent, text.size());
  begin("next");
  ASSERT_TRUE(next.has_begun());
  EXPECT_EQ(read(next, 4), "next");
}

TEST_F(StreamTest, APartGivesNoMoreThanItHas) {
  begin("two");
  begin("words");
  Stream::Part part(reader);
  ASSERT_TRUE(part.has_begun());
  EXPECT_THROW(read(part, 4), DataError);
  part.pass_over();
  EXPECT_TRUE(part.is_over());
}

TEST_F(StreamTest, GivesItsPagesBackOnceNothingLiesThere) {
  writer.trim();
  EXPECT_EQ(room.pages_there(), 0u);
  ASSERT_TRUE(writer.open());
  write("word");
  writer.trim();
  EXPECT_EQ(read(reader, 4), "word");
  writer.trim();
  EXPECT_EQ(room.pages_there(), 0u);
  ASSERT_TRUE(writer.open());
  write("again");
  EXPECT_EQ(read(reader, 5), "again");
}

TEST_F(StreamTest, IsNotOpenWithoutMemory) {
  static int asked;
  asked = 0;
  writer = Stream::Writer(counts, room.bytes(), [](std::byte*, std::size_t) { return ++asked > 1; });
  EXPECT_FALSE(writer.open());
  EXPECT_FALSE(writer.open()) << "it is not asked for again";
  writer.trim();
  EXPECT_TRUE(writer.open());
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(Stream::Writer().open());
}

}  // namespace
}  // namespace gluster::mpi
