#include "findings.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace gluster::command {
namespace {

using testing::HasSubstr;
using Level = Finding::Level;

// A machine with which nothing is wrong.
Facts good() {
  Facts facts;
  facts.mpirun = "mpirun (Open MPI) 4.1.4";
  facts.has_helper = facts.shares_memory = true;
  facts.runner_cores = facts.runner_threads = facts.cores = facts.allowed_cores = 8;
  facts.shared_memory_free = facts.cache_free = std::uint64_t{4} << 30;
  facts.openblas = "Haswell";
  facts.cpu_has_avx2 = true;
  facts.compiler = "g++ 12";
  facts.cache = "/tmp/cache";
  return facts;
}

Finding find(const Facts& facts, const std::string& what) {
  for (const Finding& finding : findings_of(facts))
    if (finding.what == what) return finding;
  return {Level::kOk, "", "nothing is said of it", ""};
}

TEST(FindingsTest, NothingIsWrongWithAGoodMachine) {
  for (const Finding& finding : findings_of(good())) {
    EXPECT_EQ(finding.level, Level::kOk) << finding.what;
    EXPECT_EQ(finding.advice, "") << finding.what;
  }
}

TEST(FindingsTest, WithoutMpiNothingElseIsSaidOfRuns) {
  Facts facts = good();
  facts.mpirun.clear();
  EXPECT_EQ(find(facts, "MPI").level, Level::kWrong);
  EXPECT_EQ(find(facts, "a run").what, "");
  EXPECT_EQ(find(facts, "threads in MPI").what, "");
}

TEST(FindingsTest, ARunThatFailsSaysWhy) {
  Facts facts = good();
  facts.probe_error = "no slots";
  EXPECT_EQ(find(facts, "a run").level, Level::kWrong);
  EXPECT_EQ(find(facts, "a run").says, "no slots");
}

TEST(FindingsTest, EveryOtherFindingHasAdvice) {
  Facts facts = good();
  facts.has_helper = facts.shares_memory = false;
  facts.allowed_cores = 1;
  facts.shared_memory_free = facts.cache_free = 1 << 20;
  facts.ptrace_scope = 1;
  facts.has_srun = true;
  facts.openblas = "Prescott";
  facts.compiler_error = "no compiler";
  for (const char* what : {"threads in MPI", "one-sided windows", "cores", "shared memory", "CMA", "Slurm", "OpenBLAS"}) {
    EXPECT_EQ(find(facts, what).level, Level::kSlow) << what;
    EXPECT_NE(find(facts, what).advice, "") << what;
  }
  EXPECT_EQ(find(facts, "cache").level, Level::kWrong);
  EXPECT_EQ(find(facts, "compiler").level, Level::kWrong);
}

TEST(FindingsTest, ACacheThatNothingMayBeLoadedFromIsWrong) {
  Facts facts = good();
  EXPECT_EQ(find(facts, "cache").level, Level::kOk);
  facts.cache_executes = false;
  EXPECT_EQ(find(facts, "cache").level, Level::kWrong);
  EXPECT_EQ(find(facts, "cache").advice, "choose another directory with GLUSTER_CACHE");
}

TEST(FindingsTest, OldKernelsAreRightForAnOldCpu) {
  Facts facts = good();
  facts.openblas = "Prescott";
  facts.cpu_has_avx2 = false;
  EXPECT_EQ(find(facts, "OpenBLAS").level, Level::kOk);
}

TEST(FindingsTest, ARunnerThatIsBoundToPartOfItsCoresIsSlow) {
  Facts facts = good();
  facts.runner_cores = 1;
  EXPECT_EQ(find(facts, "binding").level, Level::kSlow);
  EXPECT_THAT(find(facts, "binding").says, HasSubstr("1 of the 8 cores"));
}

TEST(FindingsTest, SlurmNeedsPmix) {
  Facts facts = good();
  facts.has_srun = facts.slurm_answers = true;
  facts.srun_mpi = "MPI plugin types are...\n\tnone\n\tpmix\n";
  EXPECT_EQ(find(facts, "Slurm").level, Level::kOk);
}

}  // namespace
}  // namespace gluster::command
