#include "plugin/cache.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::plugin {
namespace {

const std::string kBytes = "not really an object";
const std::string kDigest = base::sha256(kBytes);

class CacheTest : public testing::Test {
 protected:
  tests::TemporaryDirectory directory;
  Cache cache{directory / "cache"};
};

TEST_F(CacheTest, FindsNothingInWhatIsNotThere) {
  EXPECT_EQ(cache.find(kDigest, kDigest), std::nullopt);
  EXPECT_EQ(cache.digest_of("key"), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(directory / "cache")) << "looking makes nothing";
}

TEST_F(CacheTest, FindsWhatWasPut) {
  auto file = cache.put(kDigest, kDigest, kBytes);
  EXPECT_EQ(tests::bytes_of(file), kBytes);
  EXPECT_EQ(cache.find(kDigest, kDigest), file);
  Cache another(directory / "cache");
  EXPECT_EQ(another.find(kDigest, kDigest), file) << "as another rank of this node would";
}

TEST_F(CacheTest, KnowsACompiledSourceByItsKey) {
  auto file = cache.put("key", kDigest, kBytes);
  EXPECT_EQ(cache.digest_of("key"), kDigest);
  EXPECT_EQ(cache.find("key", kDigest), file);
  EXPECT_EQ(cache.find(kDigest, kDigest), std::nullopt);
}

TEST_F(CacheTest, DoesNotUseADamagedFileAndMendsIt) {
  auto file = cache.put(kDigest, kDigest, kBytes);
  for (const std::string& damaged : {std::string(), kBytes + "x", kBytes.substr(1), "N" + kBytes.substr(1)}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_EQ(cache.find(kDigest, kDigest), std::nullopt) << damaged;
    EXPECT_EQ(cache.put(kDigest, kDigest, kBytes), file);
    EXPECT_EQ(tests::bytes_of(file), kBytes);
  }
}

TEST_F(CacheTest, DoesNotUseADirectoryThatOthersCanWriteInto) {
  cache.put(kDigest, kDigest, kBytes);
  ASSERT_EQ(::chmod((directory / "cache").c_str(), 0777), 0);
  EXPECT_EQ(cache.find(kDigest, kDigest), std::nullopt);
  EXPECT_THROWS_WITH(cache.put(kDigest, kDigest, kBytes), PluginError, "GLUSTER_CACHE", "others could write into it");
}

TEST_F(CacheTest, SaysWhatToDoWhenItCannotWrite) {
  // Root may write everywhere, but not below a file or in /proc.
  for (const std::filesystem::path& place : {directory.file("file", "x") / "cache", std::filesystem::path("/proc/gluster-cache")}) {
    Cache impossible(place);
    EXPECT_THROWS_WITH(impossible.put(kDigest, kDigest, kBytes), PluginError, "GLUSTER_CACHE", place.string());
    EXPECT_THROWS_WITH(impossible.place("x"), PluginError, "GLUSTER_CACHE", place.string());
    EXPECT_EQ(impossible.find(kDigest, kDigest), std::nullopt);
  }
}

TEST_F(CacheTest, LeavesOnlyWholeFilesBehind) {
  cache.put("key", kDigest, kBytes);
  EXPECT_THAT(directory.names("cache"), testing::ElementsAre("key.lock", "key.sha256", "key.so"));
}

TEST_F(CacheTest, ManyPutTheSameAtOnce) {
  std::string bytes(1'000'000, 'x'), digest = base::sha256(bytes);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      Cache mine(directory / "cache");
      auto file = mine.put(digest, digest, bytes);
      EXPECT_EQ(tests::bytes_of(file), bytes);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(directory.names("cache").size(), 2u) << "the object and its lock";
}

// A file system of 64 KiB, where one can be mounted.
class FullCacheTest : public CacheTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(directory / "small");
    if (::mount("tmpfs", (directory / "small").c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0)
      GTEST_SKIP() << "a full disk cannot be tried: mounting a tmpfs needs root, and a container that may";
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2((directory / "small").c_str(), MNT_DETACH);
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullCacheTest, SaysThatTheDiskIsFullAndLeavesNoHalf) {
  Cache full(directory / "small/cache");
  std::string bytes(1'000'000, 'x'), digest = base::sha256(bytes);
  EXPECT_THROWS_WITH(full.put(digest, digest, bytes), PluginError, "GLUSTER_CACHE", "No space left");
  EXPECT_EQ(full.find(digest, digest), std::nullopt);
  EXPECT_THAT(directory.names("small/cache"), testing::ElementsAre(digest + ".lock"));
}

}  // namespace
}  // namespace gluster::plugin
