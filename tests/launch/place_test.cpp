#include "place.hpp"

#include <map>

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::command {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Place place(const std::map<std::string, std::string>& environment) {
  return Place::from([&](const std::string& name) {
    auto at = environment.find(name);
    return at == environment.end() ? "" : at->second;
  });
}

const std::map<std::string, std::string> kJob{
    {"SLURM_JOB_ID", "7"}, {"SLURM_JOB_NODELIST", "n[1-3]"}, {"SLURM_TASKS_PER_NODE", "2(x2),1"}, {"SLURM_CPUS_PER_TASK", "4"}};

std::map<std::string, std::string> with(std::map<std::string, std::string> more) {
  more.insert(kJob.begin(), kJob.end());
  return more;
}

TEST(PlaceTest, ReadsSlurmsShortForms) {
  EXPECT_THAT(hosts_of("n1"), ElementsAre("n1"));
  EXPECT_THAT(hosts_of("n[1-3,07],m"), ElementsAre("n1", "n2", "n3", "n07", "m"));
  EXPECT_THAT(hosts_of("a[08-11]b"), ElementsAre("a08b", "a09b", "a10b", "a11b"));
  EXPECT_THAT(hosts_of("r[1-2]n[1-2]"), ElementsAre("r1n1", "r1n2", "r2n1", "r2n2"));
  EXPECT_THAT(hosts_of(""), IsEmpty());
  EXPECT_THAT(counts_of("2(x3),1"), ElementsAre(2, 2, 2, 1));
  EXPECT_THAT(counts_of("16"), ElementsAre(16));
  EXPECT_THROWS_WITH(hosts_of("n[1-"), UsageError, "n[1-");
  EXPECT_THROWS_WITH(counts_of("two"), UsageError, "two");
}

TEST(PlaceTest, ReadsTheTimeThatAJobHas) {
  EXPECT_EQ(seconds_left("7 0:45\n", "7"), 45);
  EXPECT_EQ(seconds_left("6 0:01\n7 10:05\n8 0:02\n", "7"), 605) << "of an array";
  EXPECT_EQ(seconds_left("7 2:00:01\n", "7"), 7201);
  EXPECT_EQ(seconds_left("7 1-00:00:01\n", "7"), 86401);
  for (const char* none : {"", "7", "7 UNLIMITED", "7 INVALID", "7 NOT_SET", "7 7", "8 0:45", "7 99999999999-00:00:01"})
    EXPECT_EQ(seconds_left(none, "7"), std::nullopt) << none;
}

TEST(PlaceTest, ReadsSlurmsTimes) {
  EXPECT_EQ(seconds_of("2"), 120);
  EXPECT_EQ(seconds_of("2:30"), 150);
  EXPECT_EQ(seconds_of("1:00:00"), 3600);
  EXPECT_EQ(seconds_of("1-1"), 25 * 3600);
  EXPECT_EQ(seconds_of("1-00:01"), 86460);
  EXPECT_EQ(seconds_of("1-00:00:01"), 86401);
  for (const char* none : {"", "x", "1::2", "1:2:3:4", "-", "1-", "1-2-3", "99999999", "99999-00", "9999999999999"})
    EXPECT_EQ(seconds_of(none), std::nullopt) << none;
}

TEST(PlaceTest, AShellIsNothing) { EXPECT_EQ(place({}).kind, Place::Kind::kNothing); }

TEST(PlaceTest, AnAllocationHasNodesAndTasks) {
  Place here = place(kJob);
  EXPECT_EQ(here.kind, Place::Kind::kAllocation);
  EXPECT_THAT(here.nodes, ElementsAre("n1", "n2", "n3"));
  EXPECT_EQ(here.tasks(), 5);
  EXPECT_EQ(here.cpus_per_task, 4);
}

TEST(PlaceTest, ATaskOfSrunIsAStep) {
  Place here = place(with({{"PMIX_RANK", "3"}, {"SLURM_PROCID", "3"}, {"SLURM_STEP_NUM_TASKS", "5"}}));
  EXPECT_EQ(here.kind, Place::Kind::kStep);
  EXPECT_EQ(here.task, 3);
  EXPECT_EQ(here.step_tasks, 5);
}

TEST(PlaceTest, TasksThatAreNotOneRunAreRefused) {
  EXPECT_THROWS_WITH(place(with({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}})), UsageError, "4 times", "srun --mpi=pmix");
  EXPECT_EQ(place(with({{"SLURM_STEP_ID", "interactive"}, {"SLURM_STEP_NUM_TASKS", "1"}})).kind, Place::Kind::kAllocation) << "salloc's shell";
}

TEST(PlaceTest, ARankOfMpirunIsThatAlsoInAnAllocation) {
  EXPECT_EQ(place(with({{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "0"}})).kind, Place::Kind::kRank);
}

TEST(PlaceTest, FindsProgramsAsAShellDoes) {
  tests::TemporaryDirectory directory;
  directory.file("a/tool", "no program");
  auto program = directory.file("b/tool", "#!/bin/sh\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::filesystem::permissions(directory / "a/tool", std::filesystem::perms::owner_read);
  EXPECT_EQ(find_program("tool", (directory / "a").string() + ":" + (directory / "b").string()), program.string());
  EXPECT_EQ(find_program("other", (directory / "b").string()), "");
  EXPECT_EQ(find_program("tool", ""), "");
}

}  // namespace
}  // namespace gluster::command
