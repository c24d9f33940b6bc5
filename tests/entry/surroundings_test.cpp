#include "entry/surroundings.hpp"

#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::entry {
namespace {

TEST(SurroundingsTest, RefusesSlurmTasksThatAreWorldsOfTheirOwn) {
  Surroundings step{false, false, 4};
  EXPECT_THROWS_WITH(step.expect_world(1), UsageError, "4 tasks", "srun --mpi=pmix");
  EXPECT_NO_THROW(step.expect_world(4));
}

TEST(SurroundingsTest, TakesAWorldOfOneWhereThatIsMeant) {
  EXPECT_NO_THROW((Surroundings{false, false, 1}.expect_world(1))) << "a step of one task";
  EXPECT_NO_THROW((Surroundings{true, true, 4}.expect_world(1))) << "mpirun -n 1 inside a step";
  EXPECT_NO_THROW((Surroundings{}.expect_world(1))) << "alone";
}

TEST(OptionsTest, FillInTheCacheThatAProgramLeftOpen) {
  Options options;
  options.tag_output = true;
  Options whole = completed(options);
  EXPECT_TRUE(whole.cache.is_absolute());
  EXPECT_TRUE(whole.tag_output);
  options.cache = "/somewhere";
  EXPECT_EQ(completed(options).cache, "/somewhere");
}

TEST(OptionsTest, RefuseACreditThatNothingCouldBeSentWith) {
  Options options;
  for (int credit : {0, -1, 4097}) {
    options.credit = credit;
    EXPECT_THROWS_WITH(completed(options), UsageError, "credit", "from 1 to 4096");
  }
}

TEST(OptionsTest, RefuseANegativeNumberOfThreads) {
  Options options;
  options.threads = -2;
  EXPECT_THROWS_WITH(completed(options), UsageError, "threads");
}

}  // namespace
}  // namespace gluster::entry
