#include "mpi/mailboxes.hpp"

#include <cstdlib>
#include <cstring>
#include <thread>

#include <gmock/gmock.h>

#include "fixtures/shared_room.hpp"

namespace gluster::mpi {
namespace {

using namespace std::chrono_literals;

constexpr auto kVeryLong = 100s;  // longer than this test may take

// Ranks 0, 3 and 4 on one node, as three parts of this process.
class MailboxesTest : public testing::Test {
 protected:
  static std::vector<int> ranks() { return {0, 3, 4}; }
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  static std::byte* zeros() {
    std::size_t bytes = (Mailboxes::bytes_for(ranks()) + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, bytes);
    std::memset(memory, 0, bytes);
    return static_cast<std::byte*>(memory);
  }
  static void send(Mailbox& box, const std::string& text) {
    std::memcpy(box.out.place(), text.data(), text.size());
    box.post(text.size());
  }
  static std::string receive(Mailbox& box) {
    if (!box.in.has_message()) return "(nothing)";
    auto message = box.in.message();
    std::string text(reinterpret_cast<const char*>(message.data()), message.size());
    box.in.pop();
    return text;
  }

  std::unique_ptr<std::byte, Free> memory{zeros()};
  fixtures::SharedRoom room{1 << 20};
  Mailboxes master{memory.get(), room.bytes(), ranks(), 0};
  Mailboxes third{memory.get(), room.bytes(), ranks(), 3};
  Mailboxes fourth{memory.get(), room.bytes(), ranks(), 4};
};

TEST_F(MailboxesTest, AreOneForEachRunnerOfTheNode) {
  ASSERT_EQ(master.all().size(), 2u);
  EXPECT_EQ(master.all()[0].rank, 3);
  EXPECT_EQ(master.all()[1].rank, 4);
  for (Mailboxes* runner : {&third, &fourth}) {
    ASSERT_EQ(runner->all().size(), 1u);
    EXPECT_EQ(runner->all().front().rank, 0);
  }
}

TEST_F(MailboxesTest, CarryMessagesBothWaysToWhomTheyAreMeantFor) {
  send(master.all()[0], "to 3");
  send(master.all()[1], "to 4");
  send(third.all().front(), "from 3");
  EXPECT_EQ(receive(fourth.all().front()), "to 4");
  EXPECT_EQ(receive(third.all().front()), "to 3");
  EXPECT_EQ(receive(master.all()[0]), "from 3");
  EXPECT_EQ(receive(master.all()[1]), "(nothing)");
}

TEST_F(MailboxesTest, CarryParcelsBothWaysToWhomTheyAreMeantFor) {
  const auto write = [](Mailbox& box, const std::string& text) {
    const Parcels::Name name = box.parcels_out.begin(text.size()).value_or(0);
    if (name != 0) box.parcels_out.write(text.data(), text.size());
    return name;
  };
  const auto read = [](Mailbox& box, Parcels::Name name, std::string text) {
    box.parcels_in.open(name).read(text.data(), text.size());
    return text;
  };
  const Parcels::Name to_3 = write(master.all()[0], "to 3"), to_4 = write(master.all()[1], "to 4");
  const Parcels::Name from_3 = write(third.all().front(), "from 3");
  EXPECT_EQ(read(fourth.all().front(), to_4, "????"), "to 4");
  EXPECT_EQ(read(third.all().front(), to_3, "????"), "to 3");
  EXPECT_EQ(read(master.all()[0], from_3, "??????"), "from 3");
}

TEST_F(MailboxesTest, HaveAStreamWhereThereIsRoomForMoreThanAFewPages) {
  EXPECT_FALSE(master.all()[0].stream_in.is_possible());
  EXPECT_FALSE(third.all().front().stream_in.is_possible());
  fixtures::SharedRoom all{Mailboxes::bytes_for_parcels(ranks())};
  std::unique_ptr<std::byte, Free> other{zeros()};
  EXPECT_TRUE(Mailboxes(other.get(), all.bytes(), ranks(), 0).all()[0].stream_in.is_possible());
}

TEST_F(MailboxesTest, ShowTheMasterEachRunnersCounters) {
  fourth.all().front().counters->begin("numbers.add", 1);
  EXPECT_EQ(master.all()[1].counters->look(1).kernel, "numbers.add");
  EXPECT_EQ(master.all()[0].counters->look(1).kernel, "");
}

TEST_F(MailboxesTest, WakeTheOtherSide) {
  std::thread runner([&] {
    while (!fourth.all().front().in.has_message()) fourth.rest(kVeryLong, nullptr, nullptr);
    send(fourth.all().front(), "awake");
  });
  send(master.all()[1], "wake up");
  while (!master.all()[1].in.has_message()) master.rest(kVeryLong, nullptr, nullptr);
  runner.join();
  EXPECT_EQ(receive(master.all()[1]), "awake");
}

TEST_F(MailboxesTest, RestNotAtAllWhenWhatIsWaitedForHasComeOrThereIsMail) {
  master.rest(
      kVeryLong, [](void*) { return true; }, nullptr);
  send(third.all().front(), "mail");
  master.rest(
      kVeryLong, [](void*) { return false; }, nullptr);
}

TEST_F(MailboxesTest, RestUntilSomebodyRings) {
  std::atomic<bool> over = false;
  std::thread other([&] {
    over.store(true);
    master.ring();
  });
  master.rest(
      kVeryLong, [](void* it) { return static_cast<std::atomic<bool>*>(it)->load(); }, &over);
  other.join();
}

TEST(MailboxesOfANodeTest, AreNotThereWhereTheMasterIsNotOrIsAlone) {
  EXPECT_EQ(Mailboxes::bytes_for({2, 3}), 0u);
  EXPECT_EQ(Mailboxes::bytes_for({0}), 0u);
  EXPECT_EQ(Mailboxes::bytes_for_parcels({2, 3}), 0u);
  EXPECT_EQ(Mailboxes::bytes_for_parcels({0}), 0u);
  EXPECT_TRUE(Mailboxes(nullptr, {}, {2, 3}, 2).all().empty());
}

}  // namespace
}  // namespace gluster::mpi
