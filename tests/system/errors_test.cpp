// What a caller is told when a call goes wrong, and that everything goes on afterwards.
#include "on_master.hpp"

#include <limits>
#include <memory>
#include <regex>

namespace gluster::tests {
namespace {

class ErrorsTest : public testing::Test {
 protected:
  ErrorsTest() {
    for (const char* name : {"numbers", "gate", "faulty"}) cluster().import_functions(kernel(name));
  }
  // Whatever happened, each runner still answers.
  ~ErrorsTest() override {
    std::vector<Job<std::int64_t>> jobs;
    for (int i = 0; i < cluster().workers() * 2; ++i) jobs.push_back(cluster().run<std::int64_t>("numbers.add", i, 1));
    for (int i = 0; i < cluster().workers() * 2; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
  }
  static KernelError caught(Job<void> job) {
    try {
      job.get();
    } catch (const KernelError& error) {
      return error;
    }
    throw std::logic_error("the kernel threw nothing");
  }
  static Job<std::int64_t> add(auto... arguments) { return cluster().run<std::int64_t>("numbers.add", arguments...); }
};

// --- the kernel throws ---------------------------------------------------------------------------------------------------

TEST_F(ErrorsTest, AKernelsExceptionSaysWhereAndWhat) {
  KernelError error = caught(cluster().run<void>("faulty.throws", "the disc is on fire"));
  EXPECT_EQ(error.type(), "std::runtime_error");
  EXPECT_EQ(error.message(), "the disc is on fire");
  auto runners = cluster().runners();
  auto at = std::find_if(runners.begin(), runners.end(), [&](const RunnerInfo& one) { return one.rank == error.site().rank; });
  ASSERT_NE(at, runners.end());
  EXPECT_EQ(error.site().kernel, "faulty.throws");
  EXPECT_EQ(error.site().host, at->host);
  EXPECT_EQ(error.site().attempt, 1);
  std::string text =
      "faulty.throws on rank " + std::to_string(at->rank) + " (" + at->host + "), attempt 1, threw std::runtime_error: the disc is on fire";
  EXPECT_STREQ(error.what(), text.c_str());
}

TEST_F(ErrorsTest, AKernelMayThrowAnything) {
  for (const char* type : {"std::bad_alloc", "std::domain_error", "std::length_error", "std::out_of_range", "std::system_error"}) {
    KernelError error = caught(cluster().run<void>("faulty.throws_type", type));
    EXPECT_EQ(error.type(), type);
    EXPECT_FALSE(error.message().empty());
  }
  KernelError number = caught(cluster().run<void>("faulty.throws_int"));
  EXPECT_EQ(number.type(), "int");
  EXPECT_EQ(number.message(), "");
}

TEST_F(ErrorsTest, AKernelMayAskForMoreMemoryThanThereIs) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer ends a process whose operator new fails";
#endif
  EXPECT_EQ(caught(cluster().run<void>("faulty.out_of_memory")).type(), "std::bad_alloc");
}

TEST_F(ErrorsTest, AKernelsMessageMayBeLongOrEmpty) {
  std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(caught(cluster().run<void>("faulty.throws", megabyte)).message(), megabyte);
  EXPECT_EQ(caught(cluster().run<void>("faulty.throws", std::string(3500, 'y'))).message(), std::string(3500, 'y'));
  EXPECT_EQ(caught(cluster().run<void>("faulty.throws", "")).message(), "");
}

TEST_F(ErrorsTest, ThrowsTheSameErrorToWhoeverLooksAgain) {
  auto job = cluster().run<void>("faulty.throws", "once");
  EXPECT_THROWS_WITH(job.get(), KernelError, "once");
  EXPECT_THROWS_WITH(job.get(), KernelError, "once");
}

TEST_F(ErrorsTest, WhatBecomesOfAKernelsChildIsItsOwnAffair) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer has a word of its own in how a child ends";
#endif
  EXPECT_EQ(cluster().run<int>("faulty.child_exits", 3).get(), 3);
  EXPECT_EQ(cluster().run<int>("faulty.child_crashes", 11).get(), 11);
}

// --- the call is wrong: told before anything is sent ---------------------------------------------------------------------------

TEST_F(ErrorsTest, AnUnknownKernelIsToldWithTheNearestName) {
  EXPECT_THROWS_WITH((void)cluster().run<int>("numbers.addd", 1, 2), UsageError, "no kernel called numbers.addd", "the nearest is numbers.add");
  EXPECT_THROWS_WITH((void)cluster().run<int>("number.sum", 1), UsageError, "the nearest is numbers.sum");
  EXPECT_THROWS_WITH((void)cluster().run<int>(""), UsageError, "no kernel called");
}

TEST_F(ErrorsTest, AWrongNumberOfArgumentsIsToldWithBothSignatures) {
  EXPECT_THROWS_WITH((void)add(1), UsageError, "numbers.add: 1 argument given, the kernel takes 2", "the kernel is i64(i64,i64)",
                     "the call is i64(i32)");
  EXPECT_THROWS_WITH((void)add(1, 2, 3), UsageError, "3 arguments given, the kernel takes 2");
  EXPECT_THROWS_WITH((void)add(), UsageError, "0 arguments given");
}

TEST_F(ErrorsTest, AWrongTypeIsToldWithTheFirstArgumentThatDiffers) {
  EXPECT_THROWS_WITH((void)add(1, std::string("2")), UsageError, "argument 2 is str, the kernel takes i64");
  EXPECT_THROWS_WITH((void)add(std::vector<std::int64_t>{1}, "x"), UsageError, "argument 1 is [i64], the kernel takes i64");
}

TEST_F(ErrorsTest, TheTypeOfTheElementsCounts) {
  std::vector<std::string> words{"1", "2"};
  EXPECT_THROWS_WITH((void)cluster().run<double>("numbers.sum", words), UsageError, "argument 1 is [str], the kernel takes [f64]");
  EXPECT_THROWS_WITH((void)cluster().run<double>("numbers.sum", std::vector<float>{1}), UsageError, "argument 1 is [f32], the kernel takes [f64]");
}

TEST_F(ErrorsTest, TheResultsTypeIsExactlyTheKernels) {
  EXPECT_THROWS_WITH((void)cluster().run<int>("numbers.add", 1, 2), UsageError, "the call expects i32, the kernel returns i64");
  EXPECT_THROWS_WITH((void)cluster().run<std::vector<std::int32_t>>("numbers.squares", 3), UsageError, "expects [i32], the kernel returns [i64]");
  EXPECT_THROWS_WITH((void)cluster().run<void>("numbers.add", 1, 2), UsageError, "expects void, the kernel returns i64");
  EXPECT_THROWS_WITH((void)cluster().run<int>("numbers.nothing"), UsageError, "expects i32, the kernel returns void");
}

TEST_F(ErrorsTest, ASecondValueIsNotDroppedInSilence) {
  EXPECT_THROWS_WITH((void)cluster().run<std::int64_t>("numbers.divide", 17, 5), UsageError, "expects i64, the kernel returns (i64,i64)");
  using Both = std::tuple<std::int64_t, std::int64_t>;
  EXPECT_EQ(cluster().run<Both>("numbers.divide", 17, 5).get(), (Both{3, 2}));
}

TEST_F(ErrorsTest, ANullPointerIsRefused) {
  const std::int64_t* none = nullptr;
  EXPECT_THROWS_WITH((void)add(1, none), UsageError, "argument 2 is a null pointer, the kernel takes i64");
  EXPECT_THROWS_WITH((void)add(nullptr, 1), UsageError, "argument 1 is a null pointer");
  EXPECT_THROWS_WITH((void)cluster().run<std::int64_t>("numbers.add", std::unique_ptr<std::int64_t>(), 1), UsageError,
                     "argument 1 is a null pointer");
  EXPECT_THROWS_WITH((void)cluster().run<void>("faulty.throws", static_cast<const char*>(nullptr)), UsageError, "a null pointer");
}

TEST_F(ErrorsTest, AnArithmeticValueThatDoesNotFitIsToldWithTheValue) {
  EXPECT_EQ(add(3.0, 4U).get(), 7);
  EXPECT_EQ(add(true, std::numeric_limits<std::int8_t>::min()).get(), -127);
  EXPECT_THROWS_WITH((void)add(2.5, 1), UsageError, "argument 1 is f64, the kernel takes i64", "2.5");
  EXPECT_THROWS_WITH((void)add(1, std::numeric_limits<std::uint64_t>::max()), UsageError, "18446744073709551615");
  EXPECT_THROWS_WITH((void)add(1, std::numeric_limits<double>::quiet_NaN()), UsageError, "nan");
  EXPECT_THROWS_WITH((void)cluster().run<void>("faulty.crashes", std::int64_t{1} << 40), UsageError, "i32", "1099511627776");
  EXPECT_THROWS_WITH((void)add(9223372036854775808.0, 1), UsageError, "argument 1");
}

// --- plugins ------------------------------------------------------------------------------------------------------------

TEST_F(ErrorsTest, APluginThatCannotBeLoadedSaysWhy) {
  TemporaryDirectory directory;
  auto import = [](const std::filesystem::path& file) { cluster().import_functions(file); };
  EXPECT_THROWS_WITH(import("/nowhere/libnone.so"), PluginError, "/nowhere/libnone.so", "No such file");
  EXPECT_THROWS_WITH(import(directory.file("libtext.so", "this is text")), PluginError, "libtext.so", "no ELF file");
  EXPECT_THROWS_WITH(import(directory.path()), PluginError, "not a file");
  std::string bytes = bytes_of(kernel("numbers"));
  EXPECT_THROWS_WITH(import(directory.file("libshort.so", bytes.substr(0, 40))), PluginError, "libshort.so is cut short");
  bytes[18] = 0x28;  // e_machine: arm
  bytes[19] = 0;
  EXPECT_THROWS_WITH(import(directory.file("libarm.so", bytes)), PluginError, "libarm.so is for arm, this host is");
  EXPECT_THROWS_WITH(import(object("no_manifest")), PluginError, "no Gluster manifest", "GLUSTER_EXPORT");
  EXPECT_THROWS_WITH(import(object("no_kernels")), PluginError, "exports no kernels");
  EXPECT_THROWS_WITH(import(object("old_abi")), PluginError, "version 990", "build it again");
  EXPECT_THROWS_WITH(import(object("missing_symbol")), PluginError, "cannot be loaded", "defined_nowhere");
}

TEST_F(ErrorsTest, APluginThatIsCutInItsMiddleIsRefused) {
  TemporaryDirectory directory;
  std::string bytes = bytes_of(kernel("numbers"));
  for (std::size_t keep : {bytes.size() / 4, bytes.size() / 2})
    EXPECT_THROW(cluster().import_functions(directory.file("libhalf.so", bytes.substr(0, keep))), PluginError);
}

// --- memory --------------------------------------------------------------------------------------------------------------------

TEST_F(ErrorsTest, AResultLargerThanTheMachineIsAnErrorOfItsJob) {
  auto job = cluster().run<Block<std::uint8_t>>("faulty.returns_bytes", std::int64_t{1} << 50);
  EXPECT_THROWS_WITH((void)job.get(), KernelError, "faulty.returns_bytes on rank", "std::bad_alloc");
}

// --- errors that nobody looks at ---------------------------------------------------------------------------------------------

TEST_F(ErrorsTest, AnErrorThatNobodySawIsLoggedOnce) {
  testing::internal::CaptureStderr();
  {
    auto unseen = cluster().run<void>("faulty.throws", "nobody saw me");
    auto seen = cluster().run<void>("faulty.throws", "somebody saw me");
    EXPECT_THROW(seen.get(), KernelError);
    unseen.wait();
    auto cancelled = cluster().run<void>("faulty.sleeps", 0.0);
    (void)cancelled.cancel();
  }
  std::string text = testing::internal::GetCapturedStderr();
  std::regex unseen("nobody looked at this error: faulty\\.throws on rank .*nobody saw me");
  EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), unseen), {}), 1) << text;
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("somebody saw me")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("cancelled")));
}

TEST_F(ErrorsTest, AHostWithoutRunnersCannotBeUsed) {
  EXPECT_THROWS_WITH(cluster().use_host("no-such-host"), UsageError, "no runner on a host called no-such-host");
}

}  // namespace
}  // namespace gluster::tests
