#include "start_line.hpp"

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::command {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

Start master() {
  Start start;
  start.master = {"./sweep", "1", "2 3"};
  return start;
}

Place shell() {
  Place place;
  place.mpirun = "mpirun";
  place.cores = 8;
  return place;
}

// Three nodes, 2, 2 and 1 tasks.
Place allocation() {
  Place place = shell();
  place.kind = Place::Kind::kAllocation;
  place.srun = "srun";
  place.job = "7";
  place.nodes = {"n1", "n2", "n3"};
  place.tasks_per_node = {2, 2, 1};
  return place;
}

Place step(int task, int tasks) {
  Place place = allocation();
  place.kind = Place::Kind::kStep;
  place.task = task;
  place.step_tasks = tasks;
  return place;
}

TEST(StartLineTest, AShellStartsOneRunnerWithAllCores) {
  EXPECT_THAT(line_for(master(), shell()).words, ElementsAre("mpirun", "--quiet", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-n", "1",
                                                             "./sweep", "1", "2 3", ":", "-n", "1", "gluster-runner"));
}

TEST(StartLineTest, CountsRunnersAndNotTheMaster) {
  Start start = master();
  start.runners = 4;
  start.threads = 2;
  Line line = line_for(start, shell());
  EXPECT_THAT(line.text(), testing::EndsWith("./sweep 1 '2 3' : -n 4 gluster-runner --threads 2"));
  EXPECT_THAT(line.environment, Contains(Pair("OMP_NUM_THREADS", "2")));
}

TEST(StartLineTest, SpreadsRunnersOverTheHostsOfAShell) {
  Start start = master();
  start.hosts = {"a", "b"};
  start.runners = 3;
  EXPECT_THAT(line_for(start, shell()).text(), testing::HasSubstr("-n 1 --host a:3 ./sweep 1 '2 3' : -n 3 --host a:3,b:1 gluster-runner"));
  start.runners = 0;
  EXPECT_THAT(line_for(start, shell()).text(), testing::HasSubstr("-n 2 --host a:2,b:1"));
}

TEST(StartLineTest, AnAllocationHasARunnerATask) {
  EXPECT_THAT(line_for(master(), allocation()).text(),
              testing::HasSubstr("-n 1 --host n1:3 ./sweep 1 '2 3' : -n 5 --host n1:3,n2:2,n3:1 gluster-runner"));
}

TEST(StartLineTest, TakesThePartOfAnAllocationThatIsAskedFor) {
  Start start = master();
  start.runners = 3;
  EXPECT_THAT(line_for(start, allocation()).text(), testing::HasSubstr("-n 3 --host n1:3,n2:1 gluster-runner"));
  start.hosts = {"n2", "n3"};
  EXPECT_THAT(line_for(start, allocation()).text(), testing::HasSubstr("-n 1 --host n2:3 ./sweep 1 '2 3' : -n 3 --host n2:3,n3:1 gluster-runner"));
}

TEST(StartLineTest, AllocationsThreadsAreThoseOfATask) {
  Place place = allocation();
  place.cpus_per_task = 4;
  EXPECT_THAT(line_for(master(), place).environment, Contains(Pair("OMP_NUM_THREADS", "4")));
  Start start = master();
  start.threads = 3;
  EXPECT_THAT(line_for(start, place).environment, Contains(Pair("OMP_NUM_THREADS", "3")));
}

TEST(StartLineTest, WithoutMpirunSrunStartsAllTasks) {
  Place place = allocation();
  place.mpirun.clear();
  place.cpus_per_task = 4;
  EXPECT_THAT(line_for(master(), place).words,
              ElementsAre("srun", "--mpi=pmix", "-n", "5", "--cpus-per-task=4", "gluster", "run", "./sweep", "1", "2 3"));
  Start start = master();
  start.runners = 2;
  EXPECT_THAT(line_for(start, place).text(), testing::HasSubstr("-n 3 "));
  start.hosts = {"n2", "n3"};
  EXPECT_THAT(line_for(start, place).text(), testing::HasSubstr("--nodelist=n2,n3 --nodes=2 "));
}

TEST(StartLineTest, AStepsFirstTaskIsTheMaster) {
  EXPECT_THAT(line_for(master(), step(0, 5)).words, ElementsAre("./sweep", "1", "2 3"));
  Start start = master();
  start.threads = 2;
  EXPECT_THAT(line_for(start, step(4, 5)).words, ElementsAre("gluster-runner", "--threads", "2"));
}

TEST(StartLineTest, SaysWhatCannotBe) {
  Start start = master();
  start.runners = 6;
  EXPECT_THROWS_WITH(line_for(start, allocation()), UsageError, "-n 6", "5 tasks", "--ntasks");
  start.launcher = "srun";
  start.runners = 5;
  EXPECT_THROWS_WITH(line_for(start, allocation()), UsageError, "-n 5", "one to the master");
  EXPECT_THROWS_WITH(line_for(start, shell()), UsageError, "gluster submit");
  start = master();
  start.hosts = {"n4"};
  EXPECT_THROWS_WITH(line_for(start, allocation()), UsageError, "n4", "n1 n2 n3");
  EXPECT_THROWS_WITH(line_for(start, step(0, 5)), UsageError, "--hosts", "srun --nodelist");
  start = master();
  start.runners = 8;
  EXPECT_THROWS_WITH(line_for(start, step(0, 3)), UsageError, "-n 8", "3 tasks", "2 runners", "srun -n 9");
  EXPECT_THROWS_WITH(line_for(master(), step(0, 1)), UsageError, "one task");
  EXPECT_THROWS_WITH(line_for(Start{}, shell()), UsageError, "which program");
  Place rank = shell();
  rank.kind = Place::Kind::kRank;
  EXPECT_THROWS_WITH(line_for(master(), rank), UsageError, "mpirun already");
  Place bare = shell();
  bare.mpirun.clear();
  EXPECT_THROWS_WITH(line_for(master(), bare), UsageError, "no mpirun");
  start = master();
  start.threads = -1;
  EXPECT_THROWS_WITH(line_for(start, shell()), UsageError, "--threads -1");
}

TEST(StartLineTest, RootTellsOpenMpiTwice) {
  EXPECT_FALSE(line_for(master(), shell()).environment.contains("OMPI_ALLOW_RUN_AS_ROOT"));
  Place place = shell();
  place.is_root = true;
  EXPECT_THAT(line_for(master(), place).environment, Contains(Pair("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")));
}

TEST(StartLineTest, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(quoted("plain/word-1.0"), "plain/word-1.0");
  EXPECT_EQ(quoted("two words"), "'two words'");
  EXPECT_EQ(quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("$HOME"), "'$HOME'");
}

}  // namespace
}  // namespace gluster::command
