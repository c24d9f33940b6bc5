#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "commands.hpp"
#include "known.hpp"

namespace gluster::command {
namespace {

// As execvp would find it.
void expect_program(const std::string& name) {
  std::error_code reason;
  if (name.find('/') == std::string::npos) {
    if (find_program(name).empty())
      throw UsageError(
          fmt::format("there is no program {} in PATH{}", name, std::filesystem::exists(name, reason) ? fmt::format(": ./{}", name) : ""));
    return;
  }
  if (!std::filesystem::is_regular_file(name, reason)) throw UsageError(fmt::format("there is no program {}", name));
  if (::access(name.c_str(), X_OK) != 0) throw UsageError(fmt::format("{} is no program: it may not be executed", name));
}

}  // namespace

int run(const Command& command, RunWords words) {
  if (words.start.master.empty()) throw UsageError("which program? gluster run [OPTIONS] ./master ARGUMENTS");
  expect_program(words.start.master[0]);
  const std::int64_t known = known_in(words.journal);
  if (known != 0 && !command.dry_run && !command.checks_alone)
    fmt::print(stderr, "gluster: {} item{} of its maps {} in {} already\n", known, known == 1 ? "" : "s", known == 1 ? "is" : "are", words.journal);
  words.start.journal = words.journal;
  if (!words.journal.empty()) words.start.variables["GLUSTER_JOURNAL"] = std::filesystem::absolute(words.journal).string();
  words.start.holds_master = words.start.reads_input = true;
  return start(command, words.start);
}

}  // namespace gluster::command
