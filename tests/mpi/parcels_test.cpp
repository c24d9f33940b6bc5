#include "mpi/parcels.hpp"

#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <gluster/error.hpp>

#include "fixtures/shared_room.hpp"

namespace gluster::mpi {
namespace {

constexpr std::size_t kRoom = std::size_t{1} << 20;
using fixtures::SharedRoom;

class ParcelsTest : public testing::Test {
 protected:
  Parcels::Name send(const std::string& text) {
    const auto name = writer.begin(text.size());
    if (!name) return 0;
    writer.write(text.data(), text.size());
    return *name;
  }
  static std::string read(Parcels::Incoming& parcel, std::size_t bytes) {
    std::string text(bytes, '?');
    text.resize(parcel.read(text.data(), bytes));
    return text;
  }
  std::string receive(Parcels::Name name, std::size_t bytes) {
    auto parcel = reader.open(name);
    return read(parcel, bytes);
  }

  SharedRoom room{kRoom};
  Parcels::Writer writer{room.bytes()};
  Parcels::Reader reader{room.bytes()};
};

TEST_F(ParcelsTest, AreReadAsTheyWereWritten) {
  const Parcels::Name one = send("one"), two = send("two and more");
  EXPECT_EQ(receive(two, 12), "two and more");
  EXPECT_EQ(receive(one, 3), "one");
}

TEST_F(ParcelsTest, AreReadAsFarAsTheyAreWritten) {
  const auto name = writer.begin(10);
  ASSERT_TRUE(name);
  auto parcel = reader.open(*name);
  EXPECT_EQ(read(parcel, 10), "");
  writer.write("01234", 5);
  EXPECT_EQ(read(parcel, 2), "01");
  EXPECT_EQ(read(parcel, 8), "234");
  writer.write("56789", 5);
  EXPECT_EQ(read(parcel, 5), "56789");
}

TEST_F(ParcelsTest, FindNoRoomUntilOneIsTaken) {
  const std::string text(kRoom * 2 / 5, 'a');
  const Parcels::Name first = send(text), second = send(text);
  ASSERT_NE(first, 0u);
  ASSERT_NE(second, 0u);
  EXPECT_EQ(send(text), 0u);
  EXPECT_EQ(receive(first, text.size()), text);
  EXPECT_NE(send(std::string(text.size(), 'b')), 0u);
  EXPECT_EQ(receive(second, text.size()), text);
}

TEST_F(ParcelsTest, KeepTheirPlaceWhenLaterOnesAreTakenBefore) {
  const std::string text(kRoom / 4, 'a');
  const Parcels::Name first = send(text);
  for (int i = 0; i < 2; ++i) receive(send(std::string(text.size(), 'b')), 1);
  while (const Parcels::Name more = send(std::string(text.size(), 'c'))) receive(more, 1);  // ends: nothing before the first is free
  EXPECT_EQ(receive(first, text.size()), text);
  EXPECT_NE(send(text), 0u);
}

TEST_F(ParcelsTest, MayBeLetGoBeforeAllOfThemIsWritten) {
  const std::string half(kRoom / 3, 'a');
  for (int i = 0; i < 3; ++i) {
    const auto name = writer.begin(2 * half.size());
    ASSERT_TRUE(name) << "after " << i;
    writer.write(half.data(), half.size());
    reader.open(*name);
    writer.write(half.data(), half.size());
  }
}

TEST_F(ParcelsTest, ThatAreTooLargeForTheRoomHaveNone) {
  EXPECT_FALSE(writer.begin(kRoom));
  EXPECT_FALSE(writer.begin(std::size_t{1} << 40));
  EXPECT_FALSE(Parcels::Writer().begin(1));
}

int asked_for_pages = 0;

TEST_F(ParcelsTest, StayAmongThePagesThatCouldBeHadAndAskForNoMoreUntilTheNextTrim) {
  writer = Parcels::Writer(room.bytes(), [](std::byte*, std::size_t bytes) { return ++asked_for_pages, bytes <= kRoom / 2; });
  asked_for_pages = 0;
  const std::string third(kRoom / 3, 'a'), small(1000, 'b');
  const Parcels::Name first = send(third);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(send(std::string(kRoom * 2 / 3 - 200, 'c')), 0u);
  EXPECT_EQ(asked_for_pages, 2);
  EXPECT_EQ(receive(first, third.size()), third);
  const Parcels::Name second = send(third);
  EXPECT_EQ(receive(send(small), small.size()), small);
  EXPECT_EQ(receive(second, third.size()), third);
  EXPECT_EQ(asked_for_pages, 2);
  writer.trim();
  EXPECT_EQ(receive(send(small), small.size()), small);
  EXPECT_EQ(asked_for_pages, 3);
}

TEST_F(ParcelsTest, HaveNamesThatAreChecked) {
  EXPECT_THROW(reader.open(0), DataError);
  EXPECT_THROW(reader.open(1 + kRoom / 64), DataError);
  EXPECT_THROW(reader.open(~0u), DataError);
  EXPECT_THROW(Parcels::Reader().open(1), DataError);
}

TEST_F(ParcelsTest, TouchThePagesThatTheyNeedAndGiveThemBack) {
  EXPECT_EQ(room.pages_there(), 0u);
  const Parcels::Name name = send(std::string(SharedRoom::kPage, 'a'));
  EXPECT_EQ(room.pages_there(), 2u);
  writer.trim();
  EXPECT_EQ(receive(name, SharedRoom::kPage), std::string(SharedRoom::kPage, 'a'));
  writer.trim();
  EXPECT_EQ(room.pages_there(), 0u);
  EXPECT_EQ(receive(send("again"), 5), "again");
}

// Sizes from a byte to a third of the room, taken in any order.
TEST_F(ParcelsTest, AreNeverWrittenOverBeforeTheyAreTaken) {
  struct Open {
    Parcels::Incoming parcel;
    std::string text;
  };
  std::list<Open> open;
  std::mt19937 random(7);
  int sent = 0;
  const auto take_one = [&] {
    const auto at = std::next(open.begin(), static_cast<std::ptrdiff_t>(random() % open.size()));
    ASSERT_EQ(read(at->parcel, at->text.size()), at->text);
    open.erase(at);
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string text(1 + random() % (std::size_t{1} << (random() % 19)), static_cast<char>('a' + i % 26));
    if (const Parcels::Name name = send(text)) {
      open.push_back({reader.open(name), text});
      ++sent;
    } else {
      ASSERT_FALSE(open.empty());
      take_one();
    }
  }
  while (!open.empty()) take_one();
  EXPECT_GT(sent, 1000);
}

TEST_F(ParcelsTest, AreReadByOneThreadWhileAnotherWritesThem) {
  std::vector<std::uint64_t> numbers(kRoom / 16);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * i;
  const auto name = writer.begin(numbers.size() * 8);
  ASSERT_TRUE(name);
  std::thread other([&] { writer.write(numbers.data(), numbers.size() * 8); });
  std::vector<std::uint64_t> there(numbers.size());
  auto parcel = reader.open(*name);
  for (std::size_t read = 0; read < there.size() * 8;)
    read += parcel.read(reinterpret_cast<std::byte*>(there.data()) + read, there.size() * 8 - read);
  other.join();
  EXPECT_EQ(there, numbers);
}

}  // namespace
}  // namespace gluster::mpi
