// Kernels imported as sources: compiled where they run, kept by what they are and not by what they are called.
#include "on_master.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace gluster::tests {
namespace {

const std::string kHead = "#include <gluster/plugin.hpp>\n";

class SourcesTest : public testing::Test {
 protected:
  // A source in the test's own directory, whose kernel `name` returns `value`.
  std::filesystem::path source(const std::string& file, const std::string& body, const std::string& name = "answer") const {
    return directory_.file(file, kHead + "int " + name + "() { " + body + " }\nGLUSTER_EXPORT(" + name + ")\n");
  }
  static int answer(const std::string& name) { return cluster().run<int>(name).get(); }
  // From every runner.
  static std::vector<int> answers(const std::string& name) {
    std::vector<Job<int>> jobs;
    for (int i = 0; i < cluster().workers() * 2; ++i) jobs.push_back(cluster().run<int>(name));
    std::vector<int> all;
    for (auto& job : jobs) all.push_back(job.get());
    return all;
  }
  TemporaryDirectory directory_;
};

TEST_F(SourcesTest, AreCompiledAndRun) {
  cluster().import_functions(source("fresh.cpp", "return 42;"));
  EXPECT_THAT(answers("fresh.answer"), testing::Each(42));
  cluster().import_functions(source("other.cc", "return 43;"));
  EXPECT_EQ(answer("other.answer"), 43);
}

TEST_F(SourcesTest, HaveOpenMpAndOptimisation) {
  auto file = directory_.file(
      "flags.cpp", kHead +
                       "#include <omp.h>\nint answer() {\n#ifndef __OPTIMIZE__\nreturn -1;\n#endif\nint n = 0;\n"
                       "#pragma omp parallel for reduction(+ : n)\nfor (int i = 0; i < 1000; ++i) n += 1;\nreturn n;\n}\nGLUSTER_EXPORT(answer)\n");
  cluster().import_functions(file);
  EXPECT_EQ(answer("flags.answer"), 1000);
}

TEST_F(SourcesTest, FindWhatTheyIncludeBesideThem) {
  directory_.file("beside.hpp", "inline int beside() { return 7; }\n");
  directory_.file("deep/er.hpp", "inline int deeper() { return 5; }\n");
  auto file = directory_.file("includes.cpp", "#include \"beside.hpp\"\n#include \"deep/er.hpp\"\n" + kHead +
                                                  "int answer() { return beside() + deeper(); }\nGLUSTER_EXPORT(answer)\n");
  cluster().import_functions(file);
  EXPECT_THAT(answers("includes.answer"), testing::Each(12));
  directory_.file("beside.hpp", "inline int beside() { return 8; }\n");  // what it includes is a part of what it is
  cluster().import_functions(file);
  EXPECT_THAT(answers("includes.answer"), testing::Each(13));
}

TEST_F(SourcesTest, ImportedAgainWithOtherBytesReplaceTheOldOnesForLaterCalls) {
  auto write = [&](int step) {
    return directory_.file(
        "again.cpp", kHead + "struct Count { static inline int value = 0; };\ninline int& counter() { static int count = 0; return count; }\n" +
                         "int next() { return counter() += " + std::to_string(step) + "; }\n" +
                         "int shared() { return Count::value += " + std::to_string(step) + "; }\nGLUSTER_EXPORT(next)\nGLUSTER_EXPORT(shared)\n");
  };
  cluster().import_functions(write(1));
  auto handle = cluster().function<int()>("again.next");
  EXPECT_THAT(answers("again.next"), testing::Contains(2));
  EXPECT_THAT(answers("again.shared"), testing::Contains(2));
  cluster().import_functions(write(100));
  // Its inline statics are its own: they begin at zero.
  std::vector<int> next = answers("again.next");  // each runner's go 100, 200, ..., whichever had how many
  for (int value : next)
    EXPECT_THAT(next, testing::AnyOf(testing::Contains(value - 100), testing::Truly([&](auto&) { return value == 100; }))) << value;
  for (int value : answers("again.shared")) EXPECT_EQ(value % 100, 0) << value;
  EXPECT_LT(handle().get(), 100);  // a handle keeps what it found
}

TEST_F(SourcesTest, ImportedAgainUnchangedAreNotLoadedAgain) {
  auto file = directory_.file("kept.cpp", kHead + "int next() { static int count = 0; return ++count; }\nGLUSTER_EXPORT(next)\n");
  cluster().import_functions(file);
  for (int i = 0; i < cluster().workers() * 3; ++i) (void)answer("kept.next");
  cluster().import_functions(file);
  cluster().import_functions(directory_.path() / "." / "kept.cpp");
  EXPECT_GT(answer("kept.next"), 1);
}

TEST_F(SourcesTest, OneStemCannotMeanTwoPaths) {
  cluster().import_functions(source("one/same.cpp", "return 1;"));
  auto other = source("two/same.cpp", "return 2;");
  EXPECT_THROWS_WITH(cluster().import_functions(other), UsageError, "one/same.cpp", "two/same.cpp", "rename one");
  EXPECT_EQ(answer("same.answer"), 1);
}

TEST_F(SourcesTest, TheSameContentUnderAnotherNameIsAnotherName) {
  auto file = source("first_name.cpp", "return 11;", "twin");
  std::filesystem::copy_file(file, directory_ / "second_name.cpp");
  cluster().import_functions(file);
  cluster().import_functions(directory_ / "second_name.cpp");
  EXPECT_THAT(answers("first_name.twin"), testing::Each(11));
  EXPECT_THAT(answers("second_name.twin"), testing::Each(11));
  std::filesystem::copy_file(kernel("numbers"), directory_ / "libnumerals.so");
  cluster().import_functions(kernel("numbers"));
  cluster().import_functions(directory_ / "libnumerals.so");
  EXPECT_EQ(cluster().run<std::int64_t>("numerals.add", 1, 2).get(), 3);
}

TEST_F(SourcesTest, ThatDoNotCompileShowTheCompilersOutput) {
  auto file = source("wrong.cpp", "return no_such_name + 1;");
  EXPECT_THROWS_WITH(cluster().import_functions(file), PluginError, "wrong.cpp cannot be compiled", "no_such_name", "error:");
  EXPECT_THROWS_WITH((void)cluster().run<int>("wrong.answer"), UsageError, "no kernel called wrong.answer");
  cluster().import_functions(source("wrong.cpp", "return 3;"));  // mended
  EXPECT_EQ(answer("wrong.answer"), 3);
}

TEST_F(SourcesTest, ThatCannotBeKernelsSayWhy) {
  auto kernel_of = [&](const char* file, const std::string& text) { return directory_.file(file, kHead + text); };
  EXPECT_THROWS_WITH(cluster().import_functions(kernel_of("a.cpp", "int* f() { return nullptr; }\nGLUSTER_EXPORT(f)\n")), PluginError,
                     "a kernel cannot return a pointer or a reference");
  EXPECT_THROWS_WITH(cluster().import_functions(kernel_of("b.cpp", "void f(int&) {}\nGLUSTER_EXPORT(f)\n")), PluginError,
                     "a kernel cannot take a non-const reference");
  EXPECT_THROWS_WITH(
      cluster().import_functions(kernel_of("c.cpp", "#include <string_view>\nstd::string_view f() { return {}; }\nGLUSTER_EXPORT(f)\n")), PluginError,
      "a kernel cannot return a view");
  EXPECT_THROWS_WITH(cluster().import_functions(kernel_of("d.cpp", "int f() { return 1; }\n")), PluginError, "exports no kernels");
  EXPECT_THROWS_WITH(cluster().import_functions(kernel_of("e.cpp", "#include \"nowhere.hpp\"\n")), PluginError, "nowhere.hpp", "No such file");
  EXPECT_THROWS_WITH(cluster().import_functions(kernel_of("f.cpp", "int g();\nint f() { return g(); }\nGLUSTER_EXPORT(f)\n")), PluginError,
                     "cannot be loaded", "undefined symbol");
  EXPECT_THROWS_WITH(cluster().import_functions(directory_ / "missing.cpp"), PluginError, "missing.cpp");
}

TEST_F(SourcesTest, LieInPathsWithSpacesAndSigns) {
  cluster().import_functions(source("a b/it's $(one) & \"more\"/spaced.cpp", "return 9;"));
  EXPECT_THAT(answers("spaced.answer"), testing::Each(9));
}

TEST_F(SourcesTest, AreFoundFromWhereTheProgramIs) {
  source("relative.cpp", "return 4;");
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  cluster().import_functions("relative.cpp");
  std::filesystem::current_path(before);
  EXPECT_THAT(answers("relative.answer"), testing::Each(4));
}

TEST_F(SourcesTest, ManyFirstCallsAtOnceAllComeBack) {
  cluster().import_functions(source("crowd.cpp", "return 20;"));
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { good += answer("crowd.answer") == 20; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 20);
}

TEST_F(SourcesTest, LeaveNothingHalfDoneInTheCache) {
  auto cache = Options::from_environment().cache;
  struct stat status {};
  ASSERT_EQ(::stat(cache.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  for (const auto& entry : std::filesystem::directory_iterator(cache)) EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

}  // namespace
}  // namespace gluster::tests
