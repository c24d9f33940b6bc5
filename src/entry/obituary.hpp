#pragma once
#include <string>

#include "runner/runner.hpp"

namespace gluster::entry {

// What is known of a runner's end.
struct Obituary {
  int rank = -1;
  int signal = 0;  // 0: it called exit
  int exit_status = 0;
  int from_outside = 0;   // somebody sent it the signal
  char kernel[228] = "";  // empty: none was running

  // One sentence.
  std::string text(const std::string& host) const;
};

// Sees to it that a kernel that takes its process down is named: by the master when it can be told (`door`, see Sentry), else here on
// stderr. Its signal handlers are there while it lives, where the program had none of its own; one a process at a time.
class LastWords final : public runner::Watch {
 public:
  // Made on the thread that will run kernels. `in_thread`: other threads of this process are the user's, whose exit() is none of a kernel's.
  LastWords(int rank, const std::string& host, const std::string& door, bool in_thread);
  ~LastWords() override;
  LastWords(const LastWords&) = delete;

  void begins(const char* kernel) noexcept override;
  void ended() noexcept override;
};

}  // namespace gluster::entry
