#include "plugin/shelf.hpp"

#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "fixtures/carried.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::plugin {
namespace {

using tests::bytes_of;
using tests::object;

class ShelfTest : public testing::Test {
 protected:
  // Runs `add(2, 3)` of a library; the two samples differ in what it does.
  static std::int64_t add(const Library& library) {
    Encoder arguments;
    detail::encode(arguments, std::int64_t{2});
    detail::encode(arguments, std::int64_t{3});
    tests::Carried frame(arguments);
    Decoder in(frame.body(), 0);
    Encoder result;
    library.entries()[0].kernel->open(in)->run(result);
    std::int64_t value;
    std::memcpy(&value, result.body.data(), sizeof value);
    return value;
  }

  tests::TemporaryDirectory directory;
  Shelf shelf{directory / "cache", GLUSTER_TEST_COMPILER};
};

TEST_F(ShelfTest, TakesABuiltPlugin) {
  Shelved sample = shelf.take(object("sample"));
  EXPECT_EQ(sample.stem, "sample");
  EXPECT_EQ(sample.path, object("sample"));
  EXPECT_EQ(sample.digest, base::sha256(bytes_of(object("sample"))));
  EXPECT_EQ(sample.identity, sample.digest);
  EXPECT_EQ(sample.source, "");
  EXPECT_EQ(*sample.object_bytes, bytes_of(object("sample")));
  EXPECT_EQ(add(*sample.library), 5);
}

TEST_F(ShelfTest, TakesASource) {
  auto file = directory.file("twosome.cpp", "#include <gluster/plugin.hpp>\nlong add(long a, long b) { return a + 10 * b; }\nGLUSTER_EXPORT(add)\n");
  Shelved source = shelf.take(file);
  EXPECT_EQ(source.stem, "twosome");
  EXPECT_NE(source.identity, source.digest) << "known by what it was made from";
  EXPECT_EQ(source.digest, base::sha256(*source.object_bytes));
  EXPECT_THAT(*source.source_text, testing::HasSubstr("return a + 10 * b"));
  EXPECT_EQ(add(*source.library), 32);
  // What a node needs that does not have it: the object, or the text alone.
  Shelf other(directory / "cache of another node", GLUSTER_TEST_COMPILER);
  EXPECT_EQ(add(*other.put(source.identity, source.digest, *source.object_bytes, "twosome")), 32);
  Shelf third(directory / "cache of a third", GLUSTER_TEST_COMPILER);
  EXPECT_EQ(add(*third.compile({"twosome", *source.source_text, source.source})), 32);
}

// The dynamic linker tells objects apart by their names.
TEST_F(ShelfTest, OtherBytesUnderTheSamePathAreAnotherLibrary) {
  auto path = directory.file("libx.so", bytes_of(object("sample")));
  Shelved first = shelf.take(path);
  directory.file("libx.so", bytes_of(object("other_sample")));
  Shelved second = shelf.take(path);
  EXPECT_EQ(add(*first.library), 5);
  EXPECT_EQ(add(*second.library), 2003);
}

TEST_F(ShelfTest, OverwritingThePluginDoesNotDisturbWhatIsLoaded) {
  auto path = directory.file("libx.so", bytes_of(object("sample")));
  Shelved first = shelf.take(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "gone";
  EXPECT_EQ(add(*first.library), 5);
}

TEST_F(ShelfTest, FindsOnlyWhatTheCacheHas) {
  Shelved sample = shelf.take(object("sample"));
  EXPECT_NE(shelf.find(sample.identity, sample.digest, "sample"), nullptr);
  EXPECT_EQ(shelf.find("another", sample.digest, "sample"), nullptr);
  EXPECT_EQ(shelf.find(sample.identity, base::sha256(std::string("other bytes")), "sample"), nullptr);
}

TEST_F(ShelfTest, RefusesBytesThatAreNotThoseOfTheirDigest) {
  std::string bytes = bytes_of(object("sample")), digest = base::sha256(bytes);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  EXPECT_THROWS_WITH(shelf.put(digest, digest, bytes, "libsample.so"), PluginError, "libsample.so arrived damaged");
}

TEST_F(ShelfTest, WhatIsNoPluginTakesNoRoomInTheCache) {
  EXPECT_THROWS_WITH(shelf.take(directory.file("libtext.so", "text")), PluginError, "libtext.so");
  EXPECT_THROWS_WITH(shelf.take(directory / "libnone.so"), PluginError, "libnone.so", "No such file");
  EXPECT_THROWS_WITH(shelf.take(directory.path()), PluginError, "not a file");
  EXPECT_FALSE(std::filesystem::exists(directory / "cache"));
}

TEST_F(ShelfTest, SaysWhatToDoWhenItCannotWrite) {
  Shelf impossible(directory.file("file", "x") / "cache", GLUSTER_TEST_COMPILER);
  EXPECT_THROWS_WITH(impossible.take(object("sample")), PluginError, "GLUSTER_CACHE");
}

TEST(ShelfStemTest, IsTheNameWithoutDirectoryLibAndSuffix) {
  EXPECT_EQ(stem_of("/a/b/libmatmul.so"), "matmul");
  EXPECT_EQ(stem_of("matmul.so"), "matmul");
  EXPECT_EQ(stem_of("matmul.cpp"), "matmul");
  EXPECT_EQ(stem_of("library.cpp"), "library") << "a source's name begins with lib by chance";
  EXPECT_EQ(stem_of("lib.so"), "lib") << "never nothing";
}

}  // namespace
}  // namespace gluster::plugin
