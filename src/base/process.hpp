#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gluster::base {

struct Ended {
  int status = 0;      // as a shell tells it: 128 + signal for one that was killed
  std::string output;  // stdout and stderr together
};

// Runs a program to its end with no input. `arguments[0]` is looked for in PATH. Never a bare fork: this process may have MPI.
// Should this process end meanwhile, also by SIGKILL, the program and what it has started end within half a second, and the files that it `leaves` are removed.
// Throws gluster::Error when it cannot be started.
Ended run_program(const std::vector<std::string>& arguments, const std::vector<std::filesystem::path>& leaves = {});

// There is no such process on this host (any more).
bool has_ended(int pid);

// The nearest process among this one's parent, its parent and so on whose program (the kernel's name for it: 15 characters) `is_wanted`; -1: none.
int find_ancestor(const std::function<bool(std::string_view program)>& is_wanted);

}  // namespace gluster::base
