#include "data/journal.hpp"

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::data {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

class JournalTest : public testing::Test {
 protected:
  static Opened self() { return {"host7", "program", 4711, 1000}; }
  static MapHead head() { return {"stem.f", "f64(i64)", "version", "inputs", 10}; }
  std::shared_ptr<Journal> open() const { return Journal::open(path, self(), 0ms); }
  template <class T>
  static std::uint64_t add(MapJournal& map, std::uint64_t index, const T& value) {
    return map.add(index, 0, 1, [&](Encoder& out) { detail::encode(out, value); });
  }
  template <class T>
  static T value(const MapJournal& map, std::uint64_t index) {
    T read{};
    map.open(*map.find(index), [&](Decoder& in) { detail::decode(in, read); });
    return read;
  }
  // A file with these items of one map.
  void make(const std::vector<std::uint64_t>& indices) const {
    auto journal = open();
    auto map = journal->next_map(head());
    for (std::uint64_t index : indices) add(*map, index, static_cast<double>(index));
    journal->close("all is done");
  }

  tests::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "journal";
};

TEST_F(JournalTest, HasTheValuesOfAnEarlierStart) {
  make({3, 1, 2});
  auto map = open()->next_map(head());
  EXPECT_EQ(map->known().size(), 3u);
  EXPECT_EQ(value<double>(*map, 2), 2.0);
  EXPECT_NE(map->find(3), nullptr);
  EXPECT_EQ(map->find(0), nullptr);
}

TEST_F(JournalTest, KeepsValuesOfEveryKindWhole) {
  std::vector<double> large(100'000, 1.5);
  std::map<std::string, std::int64_t> words{{"one", 1}, {std::string(5000, 'x'), 2}};
  std::vector<std::string> texts{"a", std::string(4000, 'b')};
  {
    auto journal = open();
    auto map = journal->next_map(head());
    add(*map, 0, large);
    add(*map, 1, words);
    add(*map, 2, texts);
  }
  auto map = open()->next_map(head());
  EXPECT_EQ(value<std::vector<double>>(*map, 0), large);
  EXPECT_EQ((value<std::map<std::string, std::int64_t>>(*map, 1)), words);
  EXPECT_EQ(value<std::vector<std::string>>(*map, 2), texts);
}

TEST_F(JournalTest, AValueThatIsDamagedIsMissingAndNoOtherIs) {
  make({0, 1, 2, 3});
  const std::uint64_t place = open()->next_map(head())->find(1)->place.offset;
  std::string bytes = tests::bytes_of(path);
  bytes[place + 30] = static_cast<char>(bytes[place + 30] ^ 1);
  directory.file("journal", bytes);
  {
    auto map = open()->next_map(head());
    EXPECT_EQ(map->find(1), nullptr);
    EXPECT_EQ(value<double>(*map, 3), 3.0);
    add(*map, 1, 1.0);
  }
  EXPECT_EQ(value<double>(*open()->next_map(head()), 1), 1.0);
  EXPECT_TRUE(tests::bytes_of(path).starts_with(bytes));
}

TEST_F(JournalTest, AMapWhoseHeadIsDamagedIsRefusedAndChangesNothing) {
  make({1});
  std::string bytes = tests::bytes_of(path);
  bytes[bytes.find("stem.f")] = 'S';
  directory.file("journal", bytes);
  EXPECT_THROWS_WITH(open(), DataError, path.string(), "is damaged");
  EXPECT_EQ(tests::bytes_of(path), bytes);
}

TEST_F(JournalTest, CountsWhatIsMissing) {
  make({2, 3, 7, 0});
  auto map = open()->next_map(head());
  std::vector<std::uint64_t> missing;
  for (std::uint64_t position = 0; position < 6; ++position) missing.push_back(map->missing(position));
  EXPECT_THAT(missing, ElementsAre(1, 4, 5, 6, 8, 9));
}

TEST_F(JournalTest, AnotherMapIsRefusedAndChangesNothing) {
  make({1});
  const std::string before = tests::bytes_of(path);
  auto refused = [&](auto change, std::string_view why) {
    MapHead other = head();
    change(other);
    EXPECT_THROWS_WITH(open()->next_map(other), UsageError, path.string(), why);
    EXPECT_EQ(tests::bytes_of(path), before) << why;
  };
  refused([](MapHead& map) { map.kernel = "stem.g"; }, "it is of stem.f, and this is stem.g");
  refused([](MapHead& map) { map.signature = "f64(f64)"; }, "stem.f was f64(i64), and is f64(f64) now");
  refused([](MapHead& map) { map.version = "other"; }, "another version of stem.f");
  refused([](MapHead& map) { map.items = 11; }, "it is of 10 items of stem.f, and these are 11");
  refused([](MapHead& map) { map.inputs = "other"; }, "it is of other inputs of stem.f");
}

TEST_F(JournalTest, MapsOfAProgramAreToldByTheirPlace) {
  MapHead second = head();
  second.kernel = "stem.g";
  {
    auto journal = open();
    auto f = journal->next_map(head()), g = journal->next_map(second);
    add(*g, 5, 1.0);
    add(*f, 6, 2.0);
  }
  auto journal = open();
  EXPECT_THROWS_WITH(journal->next_map(second), UsageError, "stem.f");
  auto f = journal->next_map(head()), g = journal->next_map(second), third = journal->next_map(head());
  EXPECT_TRUE(f->find(6) && g->find(5));
  EXPECT_FALSE(f->find(5) || g->find(6) || third->find(6));
}

TEST_F(JournalTest, SaysWhoHasIt) {
  auto journal = open();
  auto map = journal->next_map(head());
  journal->log().flush();
  EXPECT_THROWS_WITH(open(), UsageError, path.string(), "process 4711 on host7");
}

TEST_F(JournalTest, IsReadWhileItGrows) {
  auto journal = open();
  auto map = journal->next_map(head());
  add(*map, 4, 1.0);
  map->add(Progress{0, 1, 2, 0.5, "rank 1 (host7): idle"});
  journal->log().flush();
  Records records = read_journal(path);
  ASSERT_EQ(records.maps.size(), 1u);
  EXPECT_EQ(records.maps[0].head, head());
  EXPECT_EQ(records.maps[0].values.size(), 1u);
  EXPECT_EQ(records.maps[0].progress.failed, 2u);
  EXPECT_EQ(records.opened.at(0).pid, 4711);
  EXPECT_FALSE(records.closed);
  journal->close("all is done");
  EXPECT_EQ(read_journal(path).closed->why, "all is done");
}

TEST_F(JournalTest, ARecordOfAnotherVersionIsNoValue) {
  {
    auto log = LogFile::open(path, 0ms, [](auto, auto) {});
    log->append(std::as_bytes(std::span(std::string_view("something else"))));
  }
  EXPECT_THROWS_WITH(read_journal(path), DataError, path.string(), "another version");
  EXPECT_THROWS_WITH(open(), DataError, path.string(), "another version");
}

TEST_F(JournalTest, TellsWhatIsOnDisk) {
  auto journal = open();
  std::atomic<int> told = 0;
  journal->on_disk([&] {
    ++told;
    return true;
  });
  auto map = journal->next_map(head());
  std::uint64_t number = add(*map, 0, 1.0);
  journal->log().flush();
  EXPECT_GE(map->saved(), number);
  journal.reset();
  map.reset();
  EXPECT_GE(told, 1);
}

}  // namespace
}  // namespace gluster::data
