#include "plugin/compiler.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::plugin {
namespace {

// Compiled often, so as short as a source can be.
const std::string kSource = "extern \"C\" int answer() { return 42; }\n";

class CompilerTest : public testing::Test {
 protected:
  CompilerTest() {
    // Writes a line each time that it is asked for an object.
    std::string script = fmt::format("#!/bin/sh\nfor word; do [ \"$word\" != -shared ] || echo compiled >>'{}'; done\nexec {} \"$@\"\n",
                                     log().string(), GLUSTER_TEST_COMPILER);
    std::filesystem::permissions(directory.file("counting-c++", script), std::filesystem::perms::owner_all);
  }

  std::filesystem::path log() const { return directory / "log"; }
  std::size_t times_compiled() const {
    if (!std::filesystem::exists(log())) return 0;
    std::string text = tests::bytes_of(log());
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  Compiler compiler() { return Compiler((directory / "counting-c++").string(), cache); }
  Object compiled(const std::filesystem::path& file) {
    Compiler one = compiler();
    return one.compile(one.preprocess(file));
  }

  tests::TemporaryDirectory directory;
  Cache cache{directory / "cache"};
};

TEST_F(CompilerTest, MakesAnObjectThatTheCacheKnows) {
  Object object = compiled(directory.file("one.cpp", kSource));
  EXPECT_EQ(base::sha256(tests::bytes_of(object.file)), object.digest);
  EXPECT_EQ(cache.find(object.key, object.digest), object.file);
  EXPECT_EQ(times_compiled(), 1u);
}

TEST_F(CompilerTest, DoesNotCompileTheSameAgain) {
  auto file = directory.file("one.cpp", kSource);
  Object first = compiled(file), second = compiled(file);
  EXPECT_EQ(first.file, second.file);
  EXPECT_EQ(first.digest, second.digest);
  EXPECT_EQ(times_compiled(), 1u);
}

TEST_F(CompilerTest, TheSameContentUnderAnotherNameIsOneObject) {
  Object first = compiled(directory.file("one.cpp", kSource)), second = compiled(directory.file("other/two.cpp", kSource));
  EXPECT_EQ(first.file, second.file);
  EXPECT_EQ(times_compiled(), 1u);
}

TEST_F(CompilerTest, CompilesWhatChanged) {
  Object first = compiled(directory.file("one.cpp", kSource));
  Object second = compiled(directory.file("one.cpp", "extern \"C\" int answer() { return 43; }\n"));
  EXPECT_NE(first.key, second.key);
  EXPECT_EQ(times_compiled(), 2u);
}

TEST_F(CompilerTest, CompilesAgainWhatIsDamagedInTheCache) {
  auto file = directory.file("one.cpp", kSource);
  Object first = compiled(file);
  std::ofstream(first.file, std::ios::trunc) << "damaged";
  Object second = compiled(file);
  EXPECT_EQ(times_compiled(), 2u);
  EXPECT_EQ(base::sha256(tests::bytes_of(second.file)), second.digest);
}

TEST_F(CompilerTest, AHeaderBesideTheSourceTravelsWithIt) {
  directory.file("beside.hpp", "inline int beside() { return 1; }\n");
  Source source = compiler().preprocess(directory.file("one.cpp", "#include \"beside.hpp\"\nextern \"C\" int answer() { return beside(); }\n"));
  std::filesystem::remove(directory / "beside.hpp");
  std::filesystem::remove(directory / "one.cpp");
  EXPECT_NO_THROW(compiler().compile(source)) << "as on a node that has neither";
}

// Lines of a text in the source that look like line markers, or are empty, are part of the program.
TEST_F(CompilerTest, TellsSourcesApartByEveryLineOfATextInThem) {
  auto digest_of = [&](const std::string& text) {
    return compiler().preprocess(directory.file("text.cpp", "extern \"C\" const char* text() { return R\"(first\n" + text + "last)\"; }\n")).digest;
  };
  EXPECT_NE(digest_of("# one\n"), digest_of("# two\n"));
  EXPECT_NE(digest_of("\n"), digest_of(""));
}

TEST_F(CompilerTest, TheKeyDependsOnTheCompiler) {
  Compiler plain(GLUSTER_TEST_COMPILER, cache), counting = compiler();
  EXPECT_NE(plain.key("digest"), counting.key("digest"));
  EXPECT_NE(plain.key("digest"), plain.key("another digest"));
  EXPECT_EQ(plain.key("digest"), Compiler(GLUSTER_TEST_COMPILER, cache).key("digest"));
}

TEST_F(CompilerTest, AnErrorCarriesTheCompilersOutput) {
  auto preprocessing = directory.file("one.cpp", "#include \"not-there.hpp\"\n");
  EXPECT_THROWS_WITH(compiled(preprocessing), PluginError, preprocessing.string() + " cannot be compiled", "not-there.hpp");
  auto compiling = directory.file("two.cpp", "int x = undeclared_name;\n");
  EXPECT_THROWS_WITH(compiled(compiling), PluginError, compiling.string() + " cannot be compiled", "undeclared_name", "two.cpp:1");
  EXPECT_THROWS_WITH(compiled(directory / "three.cpp"), PluginError, "three.cpp");
}

TEST_F(CompilerTest, AFailureLeavesNothingInTheCacheAndIsNoSuccessLater) {
  auto file = directory.file("one.cpp", "int x = undeclared_name;\n");
  EXPECT_THROW(compiled(file), PluginError);
  EXPECT_THROW(compiled(file), PluginError);
  for (const std::string& name : directory.names("cache")) EXPECT_THAT(name, testing::EndsWith(".build"));
}

TEST_F(CompilerTest, SaysWhenThereIsNoCompiler) {
  Compiler none("no-such-compiler -O2", cache);
  EXPECT_THROWS_WITH(none.preprocess(directory.file("one.cpp", kSource)), PluginError, "no-such-compiler", "GLUSTER_CXX");
  EXPECT_THROWS_WITH(none.version(), PluginError, "no-such-compiler", "GLUSTER_CXX");
}

TEST_F(CompilerTest, TakesACommandWithOptions) {
  Compiler with_option(std::string(GLUSTER_TEST_COMPILER) + " -DANSWER=42", cache);
  EXPECT_NO_THROW(with_option.compile(with_option.preprocess(directory.file("one.cpp", "extern \"C\" int answer() { return ANSWER; }\n"))));
}

TEST_F(CompilerTest, SaysWhatToDoWhenThereIsNoRoomForSources) {
  Cache impossible(directory.file("file", "x") / "cache");
  Compiler one((directory / "counting-c++").string(), impossible);
  EXPECT_THROWS_WITH(one.preprocess(directory.file("one.cpp", kSource)), PluginError, "GLUSTER_CACHE");
}

TEST_F(CompilerTest, TwentyRanksThatWantTheSameCompileItOnce) {
  Source source = compiler().preprocess(directory.file("one.cpp", kSource));
  std::vector<Object> objects(20);
  std::vector<std::thread> ranks;
  for (Object& object : objects) ranks.emplace_back([&] { object = compiler().compile(source); });
  for (auto& rank : ranks) rank.join();
  EXPECT_EQ(times_compiled(), 1u);
  for (const Object& object : objects) EXPECT_EQ(object.file, objects.front().file);
  EXPECT_EQ(base::sha256(tests::bytes_of(objects.front().file)), objects.front().digest);
}

TEST(CompilerSuffixTest, KnowsASourceByItsSuffix) {
  for (const char* name : {"a.cpp", "a.cc", "a.cxx", "/x.so/a.cpp"}) EXPECT_TRUE(is_source(name)) << name;
  for (const char* name : {"a.so", "a.o", "a.hpp", "cpp", "a", "a.cpp.so"}) EXPECT_FALSE(is_source(name)) << name;
}

}  // namespace
}  // namespace gluster::plugin
