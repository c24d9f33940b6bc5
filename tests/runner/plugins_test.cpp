#include "runner/plugins.hpp"

#include <gmock/gmock.h>

#include "base/digest.hpp"
#include "base/host.hpp"
#include "fixtures/fake_link.hpp"
#include "fixtures/kernel_table.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::runner {
namespace {

using tests::bytes_of;
using tests::object;
using wire::Word;

class PluginsTest : public testing::Test {
 protected:
  // The sample, as a master offers it: a path on the master's node.
  wire::Plugin offer(const std::filesystem::path& path) const { return {3, "sample", path.string(), digest, digest, "", base::cpu_model(), false}; }
  static std::string failure(const wire::Frame& frame) {
    EXPECT_EQ(frame.word, Word::kPluginFailed);
    return tests::Sent(0, frame).read<wire::PluginFailed>().message;
  }
  static wire::Wanted wanted(const wire::Frame& frame) {
    EXPECT_EQ(frame.word, Word::kPluginWanted);
    return tests::Sent(0, frame).read<wire::PluginWanted>().what;
  }

  tests::TemporaryDirectory directory;
  std::string bytes = bytes_of(object("sample"));
  std::string digest = base::sha256(bytes);
  plugin::Shelf shelf{directory / "cache", GLUSTER_TEST_COMPILER};
  mpi::Baton baton;
  Plugins plugins{shelf, nullptr, baton};
};

TEST_F(PluginsTest, IsReadyWhenItCanReadTheFile) {
  wire::Frame answer = plugins.offered(offer(object("sample")), 9);
  ASSERT_EQ(answer.word, Word::kPluginReady);
  EXPECT_EQ(answer.number, 9u);
  EXPECT_EQ(tests::Sent(0, answer).read<wire::PluginReady>().image, 3u);
  EXPECT_EQ(*plugins.find({3, 0}).name, "sample.add");
  EXPECT_STREQ(plugins.find({3, 3}).kernel->name, "twice");
}

TEST_F(PluginsTest, WantsTheBytesWhenThereIsNoSuchFile) {
  EXPECT_EQ(wanted(plugins.offered(offer("/nowhere/libsample.so"), 1)), wire::Wanted::kObject);
  EXPECT_EQ(plugins.received({3, wire::Wanted::kObject, bytes}, 2).word, Word::kPluginReady);
  EXPECT_EQ(*plugins.find({3, 0}).name, "sample.add");
}

TEST_F(PluginsTest, WantsTheBytesWhenTheFileHasOthers) {
  EXPECT_EQ(wanted(plugins.offered(offer(object("other_sample")), 1)), wire::Wanted::kObject);
}

TEST_F(PluginsTest, IsReadyWhenTheNodesCacheHasIt) {
  plugin::Shelf another(directory / "cache", GLUSTER_TEST_COMPILER);
  another.put(digest, digest, bytes, "sample");
  EXPECT_EQ(plugins.offered(offer("/nowhere/libsample.so"), 1).word, Word::kPluginReady);
}

TEST_F(PluginsTest, SaysWhatIsWrongWithTheBytes) {
  plugins.offered(offer("/nowhere/libsample.so"), 1);
  EXPECT_THAT(failure(plugins.received({3, wire::Wanted::kObject, bytes + "x"}, 2)),
              testing::AllOf(testing::HasSubstr("arrived damaged"), testing::HasSubstr(base::host_name())));
  EXPECT_THROWS_WITH(plugins.find({3, 0}), DataError, "not here");
}

TEST_F(PluginsTest, SaysWhyAPluginCannotBeLoadedHere) {
  std::string broken = bytes_of(object("missing_symbol"));
  wire::Plugin plugin = offer("/nowhere/libbroken.so");
  plugin.digest = plugin.identity = base::sha256(broken);
  plugins.offered(plugin, 1);
  EXPECT_THAT(failure(plugins.received({3, wire::Wanted::kObject, broken}, 2)),
              testing::AllOf(testing::HasSubstr("/nowhere/libbroken.so"), testing::HasSubstr("defined_nowhere")));
}

TEST_F(PluginsTest, SaysWhenItCannotKeepAPlugin) {
  plugin::Shelf impossible(directory.file("file", "x") / "cache", GLUSTER_TEST_COMPILER);
  Plugins other(impossible, nullptr, baton);
  other.offered(offer("/nowhere/libsample.so"), 1);
  EXPECT_THAT(failure(other.received({3, wire::Wanted::kObject, bytes}, 2)), testing::HasSubstr("GLUSTER_CACHE"));
}

TEST_F(PluginsTest, OfASourceForThisCpuItTakesTheObject) {
  wire::Plugin plugin = offer("/nowhere/sample.cpp");
  plugin.source = "digest of the source";
  plugin.identity = "key";
  EXPECT_EQ(wanted(plugins.offered(plugin, 1)), wire::Wanted::kObject);
  EXPECT_EQ(plugins.received({3, wire::Wanted::kObject, bytes}, 2).word, Word::kPluginReady);
}

TEST_F(PluginsTest, OfASourceForAnotherCpuItCompilesTheText) {
  std::string text = "namespace x { int y; }\n#include <gluster/plugin.hpp>\nlong add(long a, long b) { return a + b; }\nGLUSTER_EXPORT(add)\n";
  plugin::Cache cache(directory / "master's cache");
  plugin::Source source = plugin::Compiler(GLUSTER_TEST_COMPILER, cache).preprocess(directory.file("own.cpp", text));
  wire::Plugin plugin = offer(object("sample"));  // though an object of the master's could be read
  plugin.name = "own";
  plugin.source = source.digest;
  plugin.identity = "key";
  plugin.cpu = "another CPU";
  EXPECT_EQ(wanted(plugins.offered(plugin, 1)), wire::Wanted::kSource);
  EXPECT_EQ(plugins.received({3, wire::Wanted::kSource, source.text}, 2).word, Word::kPluginReady);
  EXPECT_EQ(*plugins.find({3, 0}).name, "own.add");
  EXPECT_THROW(plugins.find({3, 1}), DataError);
}

TEST_F(PluginsTest, ASourceThatDoesNotCompileHereFailsWithTheCompilersOutput) {
  wire::Plugin plugin = offer("/nowhere/own.cpp");
  plugin.source = "digest";
  plugin.cpu = "another CPU";
  plugins.offered(plugin, 1);
  EXPECT_THAT(failure(plugins.received({3, wire::Wanted::kSource, "int x = undeclared_name;\n"}, 2)), testing::HasSubstr("undeclared_name"));
}

TEST_F(PluginsTest, FindsTheKernelsOfItsOwnProgramByTheirTable) {
  Plugins own(shelf, gluster_manifest(), baton);
  auto table = plugin::Library::of(*gluster_manifest(), "own");
  wire::Plugin plugin{0, "program", "/the/program", table->fingerprint(), table->fingerprint(), "", "", true};
  EXPECT_EQ(own.offered(plugin, 1).word, Word::kPluginReady);
  EXPECT_EQ(*own.find({0, 0}).name, "program.add");
  plugin.identity = "another program's";
  EXPECT_THAT(failure(own.offered(plugin, 1)), testing::AllOf(testing::HasSubstr("/the/program"), testing::HasSubstr(base::program_path())));
  plugin.identity = table->fingerprint();
  EXPECT_THAT(failure(plugins.offered(plugin, 1)), testing::HasSubstr("same program on every rank")) << "the generic runner has none";
}

TEST_F(PluginsTest, RefusesWhatIsNotHere) {
  plugins.offered(offer(object("sample")), 1);
  for (wire::CallHead call : {wire::CallHead{0, 0}, wire::CallHead{3, 4}, wire::CallHead{4, 0}, wire::CallHead{0xffffffff, 0xffffffff}})
    EXPECT_THROWS_WITH(plugins.find(call), DataError, "not here");
}

}  // namespace
}  // namespace gluster::runner
