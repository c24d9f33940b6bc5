#include "entry/launcher_watch.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>

#include <gmock/gmock.h>

extern char** environ;

namespace gluster::entry {
namespace {

// A process to watch; ended and forgotten with the test, whatever becomes of that.
class Sleeper {
 public:
  Sleeper() {
    const char* arguments[] = {"sleep", "60", nullptr};
    EXPECT_EQ(posix_spawnp(&pid_, "sleep", nullptr, nullptr, const_cast<char**>(arguments), environ), 0);
  }
  ~Sleeper() {
    end();
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }
  void end() { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_ = 0;
};

TEST(LauncherWatchTest, TellsTheEndOfAProcessOnce) {
  Sleeper launcher;
  std::promise<void> gone;  // set twice, it throws
  LauncherWatch watch(launcher.pid(), [&] { gone.set_value(); });
  launcher.end();
  EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(LauncherWatchTest, IsSilentWhileTheProcessLivesAndWhenItIsOver) {
  Sleeper launcher;
  bool told = false;
  {
    LauncherWatch watch(launcher.pid(), [&] { told = true; });
  }
  launcher.end();
  EXPECT_FALSE(told);
}

TEST(LauncherWatchTest, WatchesNothingWhereThereIsNoLauncher) {
  bool told = false;
  {
    LauncherWatch watch(-1, [&] { told = true; });
  }
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace gluster::entry
