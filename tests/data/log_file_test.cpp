#include "data/log_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// Adds to `records`.
LogFile::Reader into(std::vector<std::string>& records) {
  return [&records](std::span<const std::byte> record, LogFile::Place) {
    records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  };
}

class LogFileTest : public testing::Test {
 protected:
  std::vector<std::string> read() const {
    std::vector<std::string> records;
    LogFile::read(path, into(records));
    return records;
  }
  void write(const std::vector<std::string>& records) const {
    auto log = LogFile::open(path, 0ms, [](auto, auto) {});
    ASSERT_TRUE(log);
    for (const auto& record : records) log->append(bytes_of(record));
  }
  std::uintmax_t size() const { return std::filesystem::file_size(path); }

  tests::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "log";
};

TEST_F(LogFileTest, HasWhatWasAddedInOrder) {
  write({"one", "", std::string(100'000, 'x')});
  EXPECT_THAT(read(), ElementsAre("one", "", std::string(100'000, 'x')));
  write({"four"});
  EXPECT_THAT(read(), ElementsAre("one", "", std::string(100'000, 'x'), "four"));
}

TEST_F(LogFileTest, TellsWhoeverOpensItWhatItHas) {
  write({"one", "two"});
  std::vector<std::string> records;
  auto log = LogFile::open(path, 0ms, into(records));
  EXPECT_THAT(records, ElementsAre("one", "two"));
  EXPECT_EQ(log->found().end, size());
  EXPECT_EQ(log->found().left, 0u);
}

TEST_F(LogFileTest, GivesARecordAgainByItsPlace) {
  write({"one", "two", "three"});
  std::vector<LogFile::Place> places;
  auto log = LogFile::open(path, 0ms, [&](auto, LogFile::Place place) { places.push_back(place); });
  EXPECT_EQ(log->read(places.at(1)), "two");
  EXPECT_EQ(log->read(places.at(0)), "one");
}

TEST_F(LogFileTest, AnyPrefixOfAFileHasAPrefixOfItsRecords) {
  write({"one", "two", "three"});
  const std::string whole = tests::bytes_of(path);
  std::vector<std::size_t> seen;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    directory.file("log", whole.substr(0, length));
    std::vector<std::string> records = read();
    std::vector<std::string> all{"one", "two", "three"};
    ASSERT_LE(records.size(), all.size());
    ASSERT_TRUE(std::equal(records.begin(), records.end(), all.begin())) << length;
    seen.push_back(records.size());
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 3u);
}

TEST_F(LogFileTest, AddsAfterTheLastWholeRecordWhateverStandsBehind) {
  write({"one", "two"});
  const std::string whole = tests::bytes_of(path);
  std::minstd_rand random(1);
  for (int i = 0; i < 50; ++i) {
    std::string rest(random() % 40, '\0');
    if (i % 2 == 0)
      for (char& c : rest) c = static_cast<char>(random());
    directory.file("log", whole.substr(0, whole.size() - 1) + rest);
    write({"three"});
    ASSERT_THAT(read(), ElementsAre("one", "three")) << i;
  }
}

TEST_F(LogFileTest, ABitThatHasChangedCostsItsRecordAlone) {
  write({"one", "two", "three"});
  const std::string whole = tests::bytes_of(path);
  const std::vector<std::string> all{"one", "two", "three"};
  const std::vector<std::size_t> ends{14 + 15, 14 + 2 * 15, whole.size()};
  for (std::size_t bit = 14 * 8; bit < whole.size() * 8; ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    directory.file("log", changed);
    std::vector<std::string> rest = all;
    rest.erase(rest.begin() + (std::ranges::upper_bound(ends, bit / 8) - ends.begin()));
    ASSERT_EQ(read(), rest) << bit;
  }
}

TEST_F(LogFileTest, WhatIsDamagedStaysAndIsPassedOverByWhoeverAddsToIt) {
  write({"one", std::string(3'000'000, '\1'), "three"});
  std::string bytes = tests::bytes_of(path);
  bytes[14 + 15 + 7] = 1;  // so long no file is
  directory.file("log", bytes);
  {
    auto log = LogFile::open(path, 0ms, [](auto, auto) {});
    EXPECT_EQ(log->found().damaged, 3'000'012u);
    EXPECT_EQ(log->found().left, 0u);
    log->append(bytes_of("four"));
  }
  EXPECT_THAT(read(), ElementsAre("one", "three", "four"));
  EXPECT_TRUE(tests::bytes_of(path).starts_with(bytes));
}

TEST_F(LogFileTest, HalfOfARecordOfSmallNumbersIsSoonGivenUp) {
  write({"one"});
  std::string numbers;
  for (std::uint64_t i = 0; i < 2'000'000; ++i) numbers.append(reinterpret_cast<const char*>(&i), sizeof i);
  write({numbers});
  directory.file("log", tests::bytes_of(path).substr(0, 15'000'000));
  EXPECT_THAT(read(), ElementsAre("one"));
  EXPECT_EQ(LogFile::read(path, [](auto, auto) {}).left, 15'000'000u - 29);
}

TEST_F(LogFileTest, OpeningChangesNothing) {
  write({"one"});
  std::string bytes = tests::bytes_of(path) + "half of a record";
  directory.file("log", bytes);
  {
    auto log = LogFile::open(path, 0ms, [](auto, auto) {});
    EXPECT_EQ(log->found().left, 16u);
  }
  EXPECT_EQ(tests::bytes_of(path), bytes);
}

TEST_F(LogFileTest, RefusesWhatIsNone) {
  directory.file("log", "index,value\n0,1\n");
  EXPECT_THROWS_WITH(read(), DataError, path.string(), "no journal");
  EXPECT_THROWS_WITH(LogFile::open(path, 0ms, [](auto, auto) {}), DataError, path.string(), "no journal");
  EXPECT_EQ(tests::bytes_of(path), "index,value\n0,1\n");
  EXPECT_THROWS_WITH(LogFile::open(directory.path(), 0ms, [](auto, auto) {}), Error, "Is a directory");
  EXPECT_THROWS_WITH(LogFile::open("/dev/null", 0ms, [](auto, auto) {}), DataError, "it is no file");
  EXPECT_THROWS_WITH(LogFile::open(directory / "none/log", 0ms, [](auto, auto) {}), Error, "No such file");
  EXPECT_THROWS_WITH(LogFile::read(directory / "none", [](auto, auto) {}), Error, "No such file");
}

TEST_F(LogFileTest, HasOneWriterAtATime) {
  auto log = LogFile::open(path, 0ms, [](auto, auto) {});
  EXPECT_EQ(LogFile::open(path, 50ms, [](auto, auto) {}), nullptr) << "also in this process";
  log->append(bytes_of("one"));
  log->flush();
  EXPECT_THAT(read(), ElementsAre("one")) << "readers need no turn, and take none away";
  EXPECT_EQ(LogFile::open(path, 0ms, [](auto, auto) {}), nullptr);
  std::thread ends([&] { log.reset(); });
  EXPECT_NE(LogFile::open(path, 60s, [](auto, auto) {}), nullptr) << "who waits has it next";
  ends.join();
}

TEST_F(LogFileTest, TellsWhatIsOnDisk) {
  auto log = LogFile::open(path, 0ms, [](auto, auto) {});
  std::atomic<std::uint64_t> saved = 0;
  log->on_disk([&saved, writer = log.get()] { saved = writer->saved(); });  // also while it ends
  EXPECT_EQ(log->append(bytes_of("one")), 1u);
  EXPECT_EQ(log->append(bytes_of("two")), 2u);
  log->hurry();
  log->flush();
  EXPECT_EQ(log->saved(), 2u);
  EXPECT_THAT(read(), ElementsAre("one", "two"));
  log.reset();
  EXPECT_EQ(saved, 2u);
}

TEST_F(LogFileTest, ADiskThatIsFullLeavesWhatWasThereAndSaysSo) {
  write({"one"});
  const std::string before = tests::bytes_of(path);
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit little = old;
  little.rlim_cur = before.size() + 1000;
  auto signal = std::signal(SIGXFSZ, SIG_IGN);
  auto log = LogFile::open(path, 0ms, [](auto, auto) {});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  log->append(bytes_of(std::string(5000, 'x')));
  EXPECT_THROWS_WITH(log->flush(), Error, path.string(), "File too large");
  EXPECT_THROWS_WITH(log->append(bytes_of("two")), Error, path.string());
  EXPECT_THROWS_WITH(log->saved(), Error, path.string());
  log.reset();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, signal);
  EXPECT_EQ(tests::bytes_of(path), before);
}

// Killed wherever it is, with records of any size on their way.
TEST_F(LogFileTest, AWriterThatIsKilledHasWrittenAllThatItSaidWasOnDisk) {
  std::minstd_rand random(7);
  for (int round = 0; round < 10; ++round) {
    int told[2];
    ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
    std::size_t had = std::filesystem::exists(path) ? read().size() : 0;
    pid_t child = ::fork();
    if (child == 0) {
      auto log = LogFile::open(path, 1s, [](auto, auto) {});
      log->on_disk([&] {
        std::uint64_t saved = log->saved();
        if (::write(told[1], &saved, sizeof saved) < 0) ::_exit(1);
      });
      for (std::size_t i = 0;; ++i)
        log->append(bytes_of(std::string(i % 7 == 0 ? 300'000 : 20, 'a'))), ::usleep(200), i % 50 == 0 ? log->hurry() : void();
    }
    ::close(told[1]);
    std::uint64_t saved = 0;
    for (auto groups = 1 + random() % 5; groups > 0; --groups) ASSERT_EQ(::read(told[0], &saved, sizeof saved), static_cast<ssize_t>(sizeof saved));
    ::usleep(static_cast<unsigned>(random() % 20'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(told[0], &saved, sizeof saved) == static_cast<ssize_t>(sizeof saved)) continue;
    ::close(told[0]);
    EXPECT_GE(read().size(), had + saved);
    for (const std::string& record : read()) ASSERT_TRUE(record == std::string(record.size(), 'a'));
  }
}

}  // namespace
}  // namespace gluster::data
