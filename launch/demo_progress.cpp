#include "demo_progress.hpp"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

namespace demo {

void Progress::say(const std::string& text) {
  clear();
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Progress::now(const std::string& text) {
  if (!live_) return;
  fmt::print("\r{}\033[K", text);
  std::fflush(stdout);
  shown_ = true;
}

void Progress::round(int round, int rounds, const std::string& text) {
  if (live_) now(text);
  else if (round % ((rounds + 9) / 10) == 0) say(text);
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print("\r\033[K");
  std::fflush(stdout);
  shown_ = false;
}

bool on_terminal() { return ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0; }

}  // namespace demo
