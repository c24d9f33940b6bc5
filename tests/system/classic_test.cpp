// The paper's own calls: its listing, line by line, and what each call promises.
#include <gluster/classic.hpp>

#include "on_master.hpp"

#include <numeric>

// Rows of the product, as the paper's functions.go has it: a share's number and the number of shares.
namespace {
std::vector<std::int64_t> MatrixMultiply(std::span<const std::int64_t> a, std::span<const std::int64_t> b, std::int64_t width, int id, int count) {
  std::int64_t rows = static_cast<std::int64_t>(a.size()) / width, first = rows * id / count, last = rows * (id + 1) / count;
  std::vector<std::int64_t> c(static_cast<std::size_t>((last - first) * width));
  auto at = [width](std::int64_t row, std::int64_t column) { return static_cast<std::size_t>(row * width + column); };
  for (std::int64_t i = first; i < last; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      for (std::int64_t k = 0; k < width; ++k) c[at(i - first, j)] += a[at(i, k)] * b[at(k, j)];
  return c;
}
void Nothing() {}
std::int64_t Refuses() { throw std::domain_error("not today"); }
}  // namespace
GLUSTER_EXPORT(MatrixMultiply)
GLUSTER_EXPORT(Nothing)
GLUSTER_EXPORT(Refuses)

namespace gluster::tests {
namespace {

using namespace gluster::classic;

class ClassicTest : public testing::Test {
 protected:
  ClassicTest() { cluster().import_self(); }
};

TEST_F(ClassicTest, TheListing) {
  const std::int64_t width = 96;
  const int jobCount = 16;
  std::vector<std::int64_t> inputA(width * width), inputB(width * width), output;
  std::iota(inputA.begin(), inputA.end(), -1000);
  std::iota(inputB.begin(), inputB.end(), 7);

  for (const auto& runner : GetRunnerInfo()) AddRunner(runner.Host);
  std::vector<int> ids;
  for (int jobID = 0; jobID < jobCount; ++jobID) {
    int id = RunDist<std::vector<std::int64_t>>("MatrixMultiply", inputA, inputB, width, jobID, jobCount);
    ids.push_back(id);
  }
  for (int id : ids) {
    while (!JobDone(id)) {}
    auto part = GetReturn<std::vector<std::int64_t>>(id);
    output.insert(output.end(), part.begin(), part.end());
  }

  EXPECT_EQ(output, MatrixMultiply(inputA, inputB, width, 0, 1));
}

TEST_F(ClassicTest, ImportsSourcesAndBuiltPlugins) {
  ImportFunctionFileSO(kernel("numbers").string());
  int sum = RunDist<std::int64_t>("numbers.add", 1, 2);
  ImportFunctionFile(std::string(GLUSTER_SYSTEM_SOURCES) + "/first_example_kernels/matmul.cpp");
  int product = RunDist<std::vector<double>>("matmul.multiply", std::vector<double>{2}, std::vector<double>{3}, 1);
  while (!JobDone(sum) || !JobDone(product)) continue;
  EXPECT_EQ(GetReturn<std::int64_t>(sum), 3);
  EXPECT_EQ(GetReturn<std::vector<double>>(product), std::vector<double>{6});
}

TEST_F(ClassicTest, AJobIsDoneWhenItHasEndedAlsoWithAnError) {
  int id = RunDist<std::int64_t>("Refuses");
  while (!JobDone(id)) continue;
  EXPECT_THROWS_WITH((void)GetReturn<std::int64_t>(id), KernelError, "std::domain_error: not today");
  int nothing = RunDist<void>("Nothing");
  while (!JobDone(nothing)) continue;
  GetReturn<void>(nothing);
}

TEST_F(ClassicTest, AValueThatIsNotThereIsAnErrorAndNeverAZero) {
  cluster().import_functions(kernel("gate"));
  Gate gate;
  int id = RunDist<std::int64_t>("gate.passes", gate.path());
  EXPECT_FALSE(JobDone(id));
  EXPECT_THROWS_WITH((void)GetReturn<std::int64_t>(id), UsageError, "not done");
  gate.open();
  while (!JobDone(id)) continue;
  EXPECT_THROWS_WITH((void)GetReturn<int>(id), UsageError, "another reply type");
  EXPECT_GT(GetReturn<std::int64_t>(id), 0);
  EXPECT_TRUE(JobDone(id));
  EXPECT_THROWS_WITH((void)GetReturn<std::int64_t>(id), UsageError, "taken before");
  for (int unknown : {-1, id + 1, 1 << 30}) {
    EXPECT_THROWS_WITH((void)GetReturn<std::int64_t>(unknown), UsageError, "there is no job");
    EXPECT_THROWS_WITH((void)JobDone(unknown), UsageError, "there is no job");
  }
}

TEST_F(ClassicTest, RunDistThrowsWhereThePapersReturnsMinusOne) {
  EXPECT_THROWS_WITH((void)RunDist<int>("no_such_function"), UsageError, "no kernel called no_such_function");
  EXPECT_THROWS_WITH((void)RunDist<int>("Refuses"), UsageError, "expects i32, the kernel returns i64");
  EXPECT_THROWS_WITH((void)RunDist<void>("Nothing", 1), UsageError, "1 argument given, the kernel takes 0");
}

TEST_F(ClassicTest, AddRunnerKnowsTheHostsOfThisLaunchOnly) {
  EXPECT_THROWS_WITH(AddRunner("no-such-host"), UsageError, "no-such-host");
  EXPECT_THROWS_WITH(AddRunnerPort("somewhere", 1234), UsageError, "AddRunnerPort(somewhere, 1234)", "no resident pool");
}

TEST_F(ClassicTest, TellsOfItsRunners) {
  auto all = GetRunnerInfo();
  ASSERT_EQ(static_cast<int>(all.size()), cluster().workers());
  for (const auto& one : all) EXPECT_TRUE(!one.Host.empty() && one.Cores > 0 && !one.Architecture.empty() && !one.OS.empty());
  int id = RunDist<void>("Nothing");
  while (!JobDone(id)) continue;
  auto status = GetRunnerStatus();
  ASSERT_EQ(status.size(), all.size());
  std::size_t plugins = 0;
  for (const auto& one : status) plugins += one.Plugins.size();
  EXPECT_GT(plugins, 0U);
  EXPECT_EQ(status.front().RunningJobs, 0);
  EXPECT_EQ(status.front().Host, all.front().Host);
}

TEST_F(ClassicTest, SetDebugTurnsTheLibrarysMessagesOnAndOff) {
  SetDebug(true);
  SetDebug(false);
}

}  // namespace
}  // namespace gluster::tests
