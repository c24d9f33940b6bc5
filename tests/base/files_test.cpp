#include "base/files.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::base {
namespace {

using testing::ElementsAre;

class FilesTest : public testing::Test {
 protected:
  tests::TemporaryDirectory directory;
};

TEST_F(FilesTest, ReadsWhatWasWritten) {
  std::string bytes("a\0b\n", 4);
  write_file(directory / "file", bytes);
  EXPECT_EQ(read_file(directory / "file"), bytes);
  write_file(directory / "file", std::string());
  EXPECT_EQ(read_file(directory / "file"), "");
  write_file(directory / "file", std::string(5'000'000, 'x'));
  EXPECT_EQ(read_file(directory / "file").size(), 5'000'000u);
}

TEST_F(FilesTest, SaysWhichFileCannotBeReadAndWhy) {
  EXPECT_THROWS_WITH(read_file(directory / "none"), Error, (directory / "none").string(), "No such file");
  EXPECT_THROWS_WITH(read_file(directory.path()), Error, directory.path().string(), "not a file");
}

TEST_F(FilesTest, LeavesNothingElseBehind) {
  write_file(directory / "file", std::string("one"));
  EXPECT_THAT(directory.names(), ElementsAre("file"));
  std::filesystem::create_directory(directory / "taken");
  directory.file("taken/inside", "x");
  EXPECT_THROW(write_file(directory / "taken", std::string("two")), Error) << "a directory that is not empty is not replaced";
  EXPECT_THAT(directory.names(), ElementsAre("file", "taken")) << "nor does a failure leave its half";
}

TEST_F(FilesTest, WritesForItsOwnerOnly) {
  write_file(directory / "file", std::string("one"));
  struct stat status {};
  ASSERT_EQ(::stat((directory / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 077, 0u);
}

TEST_F(FilesTest, AReaderNeverSeesHalfAFile) {
  std::string first(200'000, 'a'), second(300'000, 'b');
  write_file(directory / "file", first);
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) write_file(directory / "file", i % 2 == 0 ? second : first);
    over = true;
  });
  while (!over) {
    std::string seen = read_file(directory / "file");
    ASSERT_TRUE(seen == first || seen == second) << seen.size() << " bytes";
  }
  writer.join();
  EXPECT_THAT(directory.names(), ElementsAre("file"));
}

TEST_F(FilesTest, TemporaryNamesAreNeverTheSame) {
  std::set<std::filesystem::path> names;
  for (int i = 0; i < 100; ++i) names.insert(temporary_name(directory / "file"));
  EXPECT_EQ(names.size(), 100u);
  for (const auto& name : names) EXPECT_EQ(name.parent_path(), directory.path()) << "a rename must not cross file systems";
}

TEST_F(FilesTest, WhatHasNoNameYetIsNotThere) {
  for (bool needs_a_name : {false, true}) {
    Unnamed file(directory / "new", needs_a_name);
    std::ofstream(file.path()) << "given up";
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory / ""));
  Unnamed file(directory / "new");
  std::ofstream(file.path()) << "whole";
  EXPECT_FALSE(std::filesystem::exists(directory / "new"));
  file.name_it(false);
  EXPECT_EQ(read_file(directory / "new"), "whole");
}

TEST_F(FilesTest, WhatAKilledProcessLeftGoesAndWhatIsStillWrittenStays) {
  Unnamed other(directory / "new", true);
  const pid_t gone = ::fork();
  if (gone == 0) {
    std::ofstream(temporary_name(directory / "new")) << "left";
    ::_exit(0);
  }
  ::waitpid(gone, nullptr, 0);
  write_file(directory / "new.tmp", std::string("somebody's own"));
  remove_leftovers(directory / "new");
  EXPECT_TRUE(std::filesystem::exists(other.path()));
  EXPECT_TRUE(std::filesystem::exists(directory / "new.tmp"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory / ""), std::filesystem::directory_iterator()), 2);
}

TEST_F(FilesTest, OnlyWhatIsToBeReplacedIs) {
  write_file(directory / "new", std::string("first"));
  Unnamed file(directory / "new");
  std::ofstream(file.path()) << "second";
  EXPECT_THROWS_WITH(file.name_it(false), Error, "new", "File exists");
  EXPECT_EQ(read_file(directory / "new"), "first");
  file.name_it(true);
  EXPECT_EQ(read_file(directory / "new"), "second");
}

TEST_F(FilesTest, MakesAPrivateDirectoryWithItsParents) {
  auto wanted = directory / "a/b/c";
  make_private(wanted);
  struct stat status {};
  ASSERT_EQ(::stat(wanted.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  EXPECT_NO_THROW(make_private(wanted)) << "it is there already";
}

TEST_F(FilesTest, RefusesADirectoryThatOthersCanWriteInto) {
  auto open = directory / "open";
  std::filesystem::create_directory(open);
  for (mode_t mode : {0777, 0720, 0702}) {
    ASSERT_EQ(::chmod(open.c_str(), mode), 0);
    EXPECT_THROWS_WITH(make_private(open), Error, open.string(), "others");
  }
  ASSERT_EQ(::chmod(open.c_str(), 0755), 0);
  EXPECT_NO_THROW(make_private(open)) << "that others can read it harms nobody";
}

TEST_F(FilesTest, RefusesADirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  auto foreign = directory / "foreign";
  std::filesystem::create_directory(foreign);
  ASSERT_EQ(::chmod(foreign.c_str(), 0700), 0);
  ASSERT_EQ(::chown(foreign.c_str(), 65534, 65534), 0);
  EXPECT_THROWS_WITH(make_private(foreign), Error, foreign.string());
}

TEST_F(FilesTest, RefusesWhatIsNoDirectory) {
  EXPECT_THROWS_WITH(make_private(directory.file("file", "x")), Error, "not a directory");
  EXPECT_THROWS_WITH(make_private(directory / "file/below"), Error, "file/below");
  // A link may be turned to another place by whoever made it.
  std::filesystem::create_directory_symlink("/tmp", directory / "link");
  EXPECT_THROWS_WITH(make_private(directory / "link"), Error, "not a directory");
}

TEST_F(FilesTest, ALockIsHeldByOneAtATime) {
  std::atomic<int> inside = 0, most = 0, rounds = 0;
  auto work = [&] {
    for (int i = 0; i < 50; ++i) {
      FileLock lock(directory / "lock");
      most = std::max(most.load(), ++inside);
      std::this_thread::yield();
      --inside;
      ++rounds;
    }
  };
  std::thread one(work), two(work), three(work);
  for (auto* thread : {&one, &two, &three}) thread->join();
  EXPECT_EQ(rounds, 150);
  EXPECT_EQ(most, 1);
}

TEST_F(FilesTest, SaysWhichLockCannotBeHad) { EXPECT_THROWS_WITH(FileLock(directory / "none/lock"), Error, "none/lock", "No such file"); }

}  // namespace
}  // namespace gluster::base
