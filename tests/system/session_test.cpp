// A Session inside a program that uses MPI itself. Every rank runs every test; the program's own messages use any tag, before, while
// and after, and none of them meets Gluster's.
//
//     session_test [--plain-init]     with MPI_Init instead of MPI_Init_thread
#include <gluster/gluster.hpp>
#include <gluster/session.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace {
std::int64_t add(std::int64_t a, std::int64_t b) { return a + b; }
std::vector<std::int64_t> repeats(const std::vector<std::int64_t>& values, int times) {
  std::vector<std::int64_t> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}
std::int64_t process() { return ::getpid(); }
// Says by a file that it is inside, and stays until the directory is gone.
void stays(const std::string& directory) {
  std::ofstream(std::filesystem::path(directory) / "inside");
  auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::filesystem::exists(directory) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
}  // namespace
GLUSTER_EXPORT(add)
GLUSTER_EXPORT(repeats)
GLUSTER_EXPORT(process)
GLUSTER_EXPORT(stays)

namespace gluster::tests {
namespace {

struct World {
  int rank = 0, size = 0;
  explicit World(MPI_Comm comm = MPI_COMM_WORLD) {
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
  }
};

// Splits the world; gives the part back with the end of the test.
class Part {
 public:
  explicit Part(int color) { MPI_Comm_split(MPI_COMM_WORLD, color, 0, &comm_); }
  ~Part() {
    if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
  }
  Part(const Part&) = delete;
  operator MPI_Comm() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

// The program's own MPI: a collective, and a message around the ring with each of some tags.
void use_mpi(MPI_Comm comm = MPI_COMM_WORLD) {
  World world(comm);
  int sum = 0;
  MPI_Allreduce(&world.rank, &sum, 1, MPI_INT, MPI_SUM, comm);
  EXPECT_EQ(sum, world.size * (world.size - 1) / 2);
  void* most = nullptr;
  int found = 0;
  MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &most, &found);
  for (int tag : {0, 1, 17, 4095, *static_cast<int*>(most)}) {
    int out = world.rank * 1000 + tag % 1000, in = -1;
    MPI_Sendrecv(&out, 1, MPI_INT, (world.rank + 1) % world.size, tag, &in, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, MPI_STATUS_IGNORE);
    EXPECT_EQ(in, (world.rank + world.size - 1) % world.size * 1000 + tag % 1000);
    MPI_Barrier(comm);
  }
}

void use_cluster(Cluster& cluster) {
  cluster.import_self();
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 200; ++i) jobs.push_back(cluster.run<std::int64_t>("add", i, 1));
  for (std::int64_t i = 0; i < 200; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
  std::vector<std::int64_t> large(100'000);
  std::iota(large.begin(), large.end(), 0);
  auto twice = cluster.run<std::vector<std::int64_t>>("repeats", view(large), 2).get();
  EXPECT_EQ(twice.size(), 2 * large.size());
  EXPECT_TRUE(std::equal(large.begin(), large.end(), twice.begin() + static_cast<std::ptrdiff_t>(large.size())));
}

void use_session(MPI_Comm comm) {
  Session session(comm);
  if (session.is_master()) use_cluster(session.cluster());
  else session.serve();
}

TEST(SessionTest, RunsOnTheWorldWithOrdinaryMpiBeforeAndAfter) {
  use_mpi();
  use_session(MPI_COMM_WORLD);
  use_mpi();
}

TEST(SessionTest, ServesInItsEndWhenTheRunnersSideDoesNotSay) {
  {
    Session session(MPI_COMM_WORLD);
    if (session.is_master()) use_cluster(session.cluster());
  }
  use_mpi();
}

TEST(SessionTest, ComesOftenOneAfterAnother) {
  for (int i = 0; i < 5; ++i) {
    use_session(MPI_COMM_WORLD);
    use_mpi();
  }
}

TEST(SessionTest, RunsOnPartOfTheWorldWhileTheOthersUseMpi) {
  World world;
  Part part(world.rank < (world.size + 1) / 2 ? 0 : 1);
  if (world.rank < (world.size + 1) / 2) use_session(part);
  else use_mpi(part);
  use_mpi();
}

TEST(SessionTest, RunsTwiceAtOnceOnDisjointRanks) {
  World world;
  Part part(world.rank % 2);
  use_session(part);
  use_mpi();
}

TEST(SessionTest, TakesTheLowestRankOfItsCommunicatorForMaster) {
  World world;
  MPI_Comm reversed = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, world.size - world.rank, &reversed);
  {
    Session session(reversed);
    EXPECT_EQ(session.is_master(), world.rank == world.size - 1);
    if (session.is_master()) use_cluster(session.cluster());
    else session.serve();
  }
  MPI_Comm_free(&reversed);
}

TEST(SessionTest, LeavesTheMasterItsOwnMpiWhileJobsRun) {
  World world;
  Session session(MPI_COMM_WORLD);
  if (!session.is_master()) return session.serve();
  Cluster& cluster = session.cluster();
  cluster.import_self();
  std::vector<Job<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 1000; ++i) {
    jobs.push_back(cluster.run<std::int64_t>("add", i, 1));
    int alone = session.with_mpi([&] {
      int in = -1, out = static_cast<int>(i);
      MPI_Sendrecv(&out, 1, MPI_INT, 0, 5, &in, 1, MPI_INT, 0, 5, MPI_COMM_SELF, MPI_STATUS_IGNORE);
      return in;
    });
    EXPECT_EQ(alone, i);
  }
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)].get(), i + 1);
}

TEST(SessionTest, SaysWhetherWorkMovesByItself) {
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  Session session(MPI_COMM_WORLD);
  if (!session.is_master()) return session.serve();
  Status status = session.cluster().status();
  bool alone = World().size == 1;  // then its runner is a thread, and no MPI is used
  EXPECT_EQ(status.helper, alone || level >= MPI_THREAD_SERIALIZED);
  EXPECT_EQ(status.text.find("no helper") == std::string::npos, status.helper) << status.text;
}

TEST(SessionTest, ShowsWhatARunnerOfItsNodeDoesThoughNoMessageMoves) {
  Session session(MPI_COMM_WORLD);
  if (!session.is_master()) return session.serve();
  session.cluster().import_self();
  std::optional<TemporaryDirectory> directory(std::in_place);
  auto job = session.cluster().run<void>("stays", directory->path().string());
  auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (directory->names().empty() && std::chrono::steady_clock::now() < end) job.wait_for(std::chrono::milliseconds(1));
  Status status = session.cluster().status(std::chrono::milliseconds(0));  // nobody has the time to answer
  directory.reset();
  job.get();
  EXPECT_EQ(std::ranges::count_if(status.runners, [](const RunnerStatus& runner) { return runner.kernel.ends_with(".stays"); }), 1) << status.text;
}

TEST(SessionTest, RefusesTheOtherSidesCalls) {
  Session session(MPI_COMM_WORLD);
  if (session.is_master()) {
    EXPECT_THROWS_WITH(session.serve(), UsageError, "rank 0 of this Session is the master");
  } else {
    EXPECT_THROWS_WITH(session.cluster(), UsageError, "is a runner: only rank 0 has the cluster");
    session.serve();
    EXPECT_THROWS_WITH(session.serve(), UsageError, "served already");
  }
}

TEST(SessionTest, IsRefusedWhereGlusterRunHasRunnersOfItsOwn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::setenv("GLUSTER_HELD", std::to_string(ends[1]).c_str(), 1);
  EXPECT_THROWS_WITH(Session(MPI_COMM_SELF), UsageError, "gluster run");
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_NO_THROW(Session(MPI_COMM_SELF)) << "whoever was held is another process";
  ::unsetenv("GLUSTER_HELD");
}

TEST(SessionTest, EndsWithJobsThatNobodyTook) {
  {
    Session session(MPI_COMM_WORLD);
    if (session.is_master()) {
      session.cluster().import_self();
      for (int i = 0; i < 100; ++i) (void)session.cluster().run<std::int64_t>("add", i, i);
    } else {
      session.serve();
    }
  }
  use_mpi();
}

TEST(SessionTest, MayEndBeforeItsJobs) {
  std::vector<Job<std::int64_t>> jobs;
  {
    Session session(MPI_COMM_WORLD);
    if (session.is_master()) {
      session.cluster().import_self();
      for (std::int64_t i = 0; i < 100; ++i) jobs.push_back(session.cluster().run<std::int64_t>("add", i, 1));
      jobs.push_back(session.cluster().run<std::int64_t>("add", 1, 1).then([](std::int64_t two) { return two * 50; }));
    } else {
      session.serve();
    }
  }
  int cancelled = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_TRUE(jobs[i].done());
    EXPECT_FALSE(jobs[i].cancel());
    try {
      EXPECT_EQ(jobs[i].get(), i + 1 == jobs.size() ? 100 : static_cast<std::int64_t>(i) + 1);  // it was sent, and ran to its end
    } catch (const Cancelled& error) {
      ++cancelled;
      EXPECT_NE(std::string(error.what()).find("the cluster has ended"), std::string::npos) << error.what();
    }
    EXPECT_EQ(jobs[i].info().attempt, 1);
  }
  EXPECT_LT(cancelled, 101);
}

TEST(SessionTest, LeavesNoMessageBehind) {
  use_session(MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  int waiting = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &waiting, MPI_STATUS_IGNORE);
  EXPECT_EQ(waiting, 0);
}

}  // namespace
}  // namespace gluster::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  bool plain = argc > 1 && std::string(argv[1]) == "--plain-init";
  int level = MPI_THREAD_SINGLE;
  if (plain) MPI_Init(&argc, &argv);
  else MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  if (gluster::tests::World().rank != 0) GTEST_FLAG_SET(brief, true);
  int failed = RUN_ALL_TESTS(), any = 0;
  MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return any;
}
