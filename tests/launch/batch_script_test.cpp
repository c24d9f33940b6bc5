#include "batch_script.hpp"

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::command {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

Batch map() {
  Batch batch;
  batch.words = {"map", "sweep.cpp:at", "--over", "0:10", "--journal", "/all/a journal"};
  return batch;
}

TEST(BatchScriptTest, SaysWhatIsAskedForBySlurmsNames) {
  Batch batch = map();
  batch.nodes = 2;
  batch.ntasks = 8;
  batch.cpus_per_task = 4;
  batch.mem = "2G";
  batch.time = "1:00:00";
  batch.partition = "long";
  batch.account = "physics";
  batch.others = {{"qos", "normal"}, {"gres", ""}};
  batch.exclusive = true;
  EXPECT_EQ(script_of(batch, "/opt/gluster"),
            "#!/bin/bash\n"
            "#SBATCH --job-name=gluster-map\n"
            "#SBATCH --nodes=2\n"
            "#SBATCH --ntasks=8\n"
            "#SBATCH --cpus-per-task=4\n"
            "#SBATCH --mem=2G\n"
            "#SBATCH --time=1:00:00\n"
            "#SBATCH --partition=long\n"
            "#SBATCH --account=physics\n"
            "#SBATCH --qos=normal\n"
            "#SBATCH --exclusive\n"
            "#SBATCH --comment='journal=/all/a journal'\n"
            "\n"
            "exec /opt/gluster map sweep.cpp:at --over 0:10 --journal '/all/a journal'\n");
}

TEST(BatchScriptTest, SaysNothingThatWasNotAskedFor) {
  Batch batch;
  batch.words = {"call", "f.so:g", "it's"};
  EXPECT_EQ(script_of(batch, "gluster"), "#!/bin/bash\n#SBATCH --job-name=gluster-call\n\nexec gluster call f.so:g 'it'\\''s'\n");
}

TEST(BatchScriptTest, ARequeuedJobIsToldAheadOfItsEnd) {
  Batch batch = map();
  batch.requeue = true;
  batch.signal_ahead = 120;
  std::string script = script_of(batch, "gluster");
  for (const char* part : {"#SBATCH --requeue\n", "#SBATCH --signal=B:USR1@120\n", "#SBATCH --open-mode=append\n"})
    EXPECT_THAT(script, HasSubstr(part));
  EXPECT_THAT(script, HasSubstr("exec gluster map --requeue sweep.cpp:at"));
  EXPECT_THAT(script_of(map(), "gluster"), Not(HasSubstr("requeue")));
}

TEST(BatchScriptTest, SaysWhatCannotBe) {
  Batch batch;
  EXPECT_THROWS_WITH(script_of(batch, "gluster"), UsageError, "run|call|map");
  batch.words = {"mop", "x"};
  EXPECT_THROWS_WITH(script_of(batch, "gluster"), UsageError, "run|call|map");
  batch.words = {"map", "f.so:g", "--over", "0:9"};
  batch.requeue = true;
  EXPECT_THROWS_WITH(script_of(batch, "gluster"), UsageError, "--journal");
}

TEST(BatchScriptTest, AJobIsNotToldToEndAsSoonAsItBegins) {
  Batch batch = map();
  batch.requeue = true;
  batch.time = "1";
  EXPECT_THROWS_WITH(script_of(batch, "gluster"), UsageError, "--time=1:");
  batch.signal_ahead = 45;
  EXPECT_THAT(script_of(batch, "gluster"), HasSubstr("USR1@45"));
  batch.time = "0";
  EXPECT_THAT(script_of(batch, "gluster"), HasSubstr("--time=0")) << "which is none";
  batch.signal_ahead = 90;
  batch.time = "1:30";
  EXPECT_THAT(script_of(batch, "gluster"), HasSubstr("--time=1:30")) << "which Slurm rounds up";
  batch.time = "UNLIMITED";
  EXPECT_THAT(script_of(batch, "gluster"), HasSubstr("UNLIMITED"));
}

TEST(BatchScriptTest, RequeueMayStandAmongTheWords) {
  Batch batch = map();
  batch.words.insert(batch.words.begin() + 1, "--requeue");
  take_requeue(batch);
  EXPECT_TRUE(batch.requeue);
  EXPECT_EQ(batch.words, map().words);
  batch = Batch();
  batch.words = {"run", "-n", "4", "--requeue", "--journal", "x", "./a", "--requeue"};
  take_requeue(batch);
  EXPECT_TRUE(batch.requeue);
  EXPECT_EQ(batch.words, (std::vector<std::string>{"run", "-n", "4", "--journal", "x", "./a", "--requeue"})) << "the last is the program's own";
  batch = Batch();
  batch.words = {"run", "--journal", "x", "--", "./a", "--requeue"};
  take_requeue(batch);
  EXPECT_FALSE(batch.requeue) << "it is the program's own";
  batch.words = {"map", "f:g", "--with", "--requeue", "--journal", "x"};
  take_requeue(batch);
  EXPECT_FALSE(batch.requeue) << "it is a value";
  take_requeue(batch = Batch());
  batch.words = {"run", "./a", "--requeue"};
  take_requeue(batch);
  EXPECT_FALSE(batch.requeue);
}

TEST(BatchScriptTest, FindsTheJournal) {
  EXPECT_EQ(journal_of({"run", "--journal=x", "./a"}), "x");
  EXPECT_EQ(journal_of({"run", "--requeue", "-n", "4", "-n4", "--threads", "2", "--hosts=a,b", "--journal", "x", "./a"}), "x");
  EXPECT_EQ(journal_of({"run", "-n", "4", "./a", "--journal", "x"}), "") << "which is the program's own";
  EXPECT_EQ(journal_of({"map", "f:g", "--journal", "y"}), "y");
  EXPECT_EQ(journal_of({"call", "f:g", "--journal", "y"}), "");
  EXPECT_EQ(journal_of({}), "");
}

}  // namespace
}  // namespace gluster::command
