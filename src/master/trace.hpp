#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gluster/job.hpp>
#include <gluster/runner_info.hpp>

namespace gluster::master {

// What a cluster did and when, in the Trace Event Format of Chrome and Perfetto: a process a rank, with what its calls did there and the master's waits.
// It is kept in memory until the end; of the calls beyond a bound only their number is.
class Trace {
 public:
  // Makes the file. Throws UsageError when it cannot be written.
  explicit Trace(const std::filesystem::path& file);

  // A call has ended; one that never ran leaves nothing. With the baton held.
  void ended(const JobState::Call& call, bool failed);
  // The calling thread waited for Gluster. Any thread.
  void waited(Clock::time_point from, Clock::time_point to);
  // To the file. Logs what goes wrong: a run does not fail for it.
  void write(const std::vector<RunnerInfo>& runners) noexcept;

 private:
  struct Call {
    const std::string* kernel;
    std::uint64_t number, bytes_in, bytes_out;
    int rank, attempt;
    bool failed;
    Clock::time_point queued, sent, started, finished;
    std::int64_t compute;  // nanoseconds
  };
  struct Wait {
    int thread;
    Clock::time_point from, to;
  };
  static constexpr std::size_t kMost = 200'000;  // of each

  void write_call(const Call& call, const std::string& kernel);
  void write_event(char phase, const char* name, const Call& call, Clock::time_point when);
  template <class Format, class... T>
  void print(const Format& format, const T&... values);
  void write_out();

  const Clock::time_point begin_ = Clock::now();
  std::string path_;
  std::ofstream file_;
  fmt::memory_buffer text_;  // for the file
  std::vector<Call> calls_;
  std::uint64_t more_calls_ = 0;
  std::mutex mutex_;  // for what follows
  std::vector<Wait> waits_;
};

}  // namespace gluster::master
