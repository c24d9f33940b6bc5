#include "plugin/library.hpp"

#include <elf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

// A process never gives up a library: each test loads objects under names of their own.
namespace gluster::plugin {
namespace {

using tests::bytes_of;
using tests::object;

class LibraryTest : public testing::Test {
 protected:
  static std::shared_ptr<const Library> load(const std::filesystem::path& file) { return Library::load(file, file.filename().string()); }
  // The sample with other bytes at `at`.
  template <class T>
  std::filesystem::path patched(std::size_t at, T value) {
    std::string bytes = bytes_of(object("sample"));
    std::memcpy(&bytes[at], &value, sizeof value);
    return directory.file("libpatched.so", bytes);
  }

  // Where what a process maps of an object ends; behind it are tables for tools.
  static std::size_t loaded_bytes(const std::string& bytes) {
    Elf64_Ehdr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    std::size_t end = 0;
    for (unsigned i = 0; i < head.e_phnum; ++i) {
      Elf64_Phdr part;
      std::memcpy(&part, &bytes[head.e_phoff + i * sizeof part], sizeof part);
      if (part.p_type == PT_LOAD) end = std::max(end, part.p_offset + part.p_filesz);
    }
    return end;
  }

  tests::TemporaryDirectory directory;
};

TEST_F(LibraryTest, HasTheKernelsByNameInOrder) {
  auto library = load(object("sample"));
  std::vector<std::string> names;
  for (const auto& entry : library->entries()) names.emplace_back(entry.kernel->name);
  EXPECT_THAT(names, testing::ElementsAre("add", "fail", "total", "twice"));
  EXPECT_EQ(library->entries()[0].kernel->signature().text(), "i64(i64,i64)");
  EXPECT_EQ(library->entries()[3].kernel->signature().text(), "[f64]([f64])");
}

TEST_F(LibraryTest, KnowsStructsOfOneNameApartHoweverThePluginsWereBuilt) {
  auto two = load(object("plain_2")), three = load(object("plain_3"));
  EXPECT_EQ(two->entries()[0].kernel->signature().text(), "f64(struct(f64,f64))");
  EXPECT_EQ(three->entries()[0].kernel->signature().text(), "f64(struct(f64,f64,f64))");
  EXPECT_NE(two->entries()[0].kernel->open, three->entries()[0].kernel->open);
}

TEST_F(LibraryTest, HasTheDocumentationThatTheAuthorGave) {
  auto library = load(object("sample"));
  const KernelDoc* doc = library->entries()[0].doc;
  ASSERT_NE(doc, nullptr);
  EXPECT_STREQ(doc->text, "a + b.");
  ASSERT_EQ(doc->parameter_count, 2u);
  EXPECT_STREQ(doc->parameters[0], "a");
  EXPECT_STREQ(doc->parameters[1], "b");
  EXPECT_EQ(library->entries()[1].doc, nullptr);
}

TEST_F(LibraryTest, TellsTablesApartByNamesAndSignatures) {
  auto sample = load(object("sample"));
  EXPECT_EQ(sample->fingerprint(), load(object("sample"))->fingerprint());
  EXPECT_NE(sample->fingerprint(), load(object("other_sample"))->fingerprint());
}

TEST_F(LibraryTest, RefusesWhatIsNoElfFile) {
  for (const char* bytes : {"", "#!/bin/sh\n",
                            "\x7f"
                            "ELX and more than the sixty-four bytes that an ELF file's head would take, at least"})
    EXPECT_THROWS_WITH(load(directory.file("libtext.so", bytes)), PluginError, "libtext.so", "no ELF file");
}

// Each in a process of its own: the dynamic linker maps what the head promises, and to touch what is not there is a SIGBUS.
TEST_F(LibraryTest, RefusesWhatIsCutShortWhereverThatIs) {
  testing::FLAGS_gtest_death_test_style = "fast";  // the other would make its own directory, and leave it
  std::string whole = bytes_of(object("sample"));
  std::size_t loaded = loaded_bytes(whole);  // behind that are names for a debugger, which nobody needs
  ASSERT_LE(loaded, whole.size());
  for (std::size_t size :
       {std::size_t{16}, std::size_t{63}, std::size_t{64}, std::size_t{200}, std::size_t{4096}, loaded / 4, loaded / 2, loaded - 1}) {
    auto file = directory.file(fmt::format("libshort{}.so", size), whole.substr(0, size));
    auto refused = [&] {
      try {
        load(file);
      } catch (const PluginError& error) {
        std::fputs(error.what(), stderr);
        std::_Exit(3);
      }
    };
    EXPECT_EXIT(refused(), testing::ExitedWithCode(3), "libshort.*so") << size << " of " << whole.size() << " bytes";
  }
}

TEST_F(LibraryTest, RefusesAnotherMachinesObject) {
  std::uint16_t other = EM_AARCH64;
  if (bytes_of(object("sample"))[offsetof(Elf64_Ehdr, e_machine)] == static_cast<char>(EM_AARCH64)) other = EM_X86_64;
  EXPECT_THROWS_WITH(load(patched(offsetof(Elf64_Ehdr, e_machine), other)), PluginError, "libpatched.so", other == EM_AARCH64 ? "aarch64" : "x86_64",
                     "this host is");
  EXPECT_THROWS_WITH(load(patched(offsetof(Elf64_Ehdr, e_machine), std::uint16_t{4711})), PluginError, "machine 4711");
}

TEST_F(LibraryTest, RefusesAnObjectFileAndAProgram) {
  EXPECT_THROWS_WITH(load(patched(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL})), PluginError, "not a shared object");
  EXPECT_THROWS_WITH(load(patched(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_EXEC})), PluginError, "not a shared object");
  // To its head a program is a shared object like any other.
  EXPECT_THROWS_WITH(load(std::filesystem::path(GLUSTER_TEST_OBJECTS) / "program"), PluginError, "program");
}

TEST_F(LibraryTest, RefusesAnObjectWithoutAManifest) {
  EXPECT_THROWS_WITH(load(object("no_manifest")), PluginError, "libno_manifest.so has no Gluster manifest", "GLUSTER_EXPORT");
  EXPECT_THROWS_WITH(load(object("borrowed_manifest")), PluginError, "has no Gluster manifest");
}

TEST_F(LibraryTest, RefusesAnotherAbiVersionAndNamesBoth) {
  EXPECT_THROWS_WITH(load(object("old_abi")), PluginError, "libold_abi.so", "version 990", "version " + std::to_string(kAbiVersion));
}

TEST_F(LibraryTest, RefusesAnObjectThatExportsNothing) {
  EXPECT_THROWS_WITH(load(object("no_kernels")), PluginError, "libno_kernels.so exports no kernels");
}

TEST_F(LibraryTest, RefusesTwoKernelsOfOneName) {
  EXPECT_THROWS_WITH(load(object("kernels_twice")), PluginError, "two kernels called same", "GLUSTER_EXPORT_AS");
}

TEST_F(LibraryTest, AMissingSymbolFailsAtLoadingWithItsName) {
  EXPECT_THROWS_WITH(load(object("missing_symbol")), PluginError, "libmissing_symbol.so cannot be loaded", "defined_nowhere");
}

TEST_F(LibraryTest, SaysWhenAFileIsNotThere) { EXPECT_THROWS_WITH(load(directory / "libnone.so"), PluginError, "libnone.so"); }

TEST_F(LibraryTest, FindsTheHeadersThatSourcesAreCompiledAgainst) {
  EXPECT_TRUE(std::filesystem::exists(header_directory() / "gluster/plugin.hpp")) << header_directory();
}

}  // namespace
}  // namespace gluster::plugin
