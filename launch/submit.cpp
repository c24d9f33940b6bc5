#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/files.hpp"
#include "base/process.hpp"
#include "batch_script.hpp"
#include "commands.hpp"
#include "place.hpp"

namespace gluster::command {

namespace {

// That the job will have; 0: that is Slurm's to say.
int tasks_of(const Batch& batch) {
  if (batch.ntasks != 0) return batch.ntasks;
  const auto each = batch.others.find("ntasks-per-node");
  if (each != batch.others.end() && !each->second.empty()) return 0;
  return batch.nodes == 0 && !batch.exclusive ? 1 : 0;
}

}  // namespace

int submit(const Command& command, const Batch& batch, const std::string& gluster) {
  const std::string script = script_of(batch, gluster);
  std::vector<std::string> words{gluster, "--check", "--tasks", std::to_string(tasks_of(batch)), batch.words[0]};
  if (batch.requeue) words.push_back("--requeue");
  words.insert(words.end(), batch.words.begin() + 1, batch.words.end());
  if (base::Ended checked = base::run_program(words); checked.status != 0) {  // here, and not when the job has waited its turn
    fmt::print(stderr, "{}", checked.output);
    return checked.status;
  }
  if (command.dry_run) {
    fmt::print("{}", script);
    return 0;
  }
  if (find_program("sbatch").empty()) throw UsageError("there is no Slurm here: no sbatch in PATH; --dry-run shows the script");
  const std::filesystem::path file = base::temporary_name(std::filesystem::temp_directory_path() / "gluster.sbatch");
  base::write_file(file, script);
  base::Ended ended = base::run_program({"sbatch", file.string()});
  std::error_code reason;
  std::filesystem::remove(file, reason);
  if (ended.status != 0) {
    std::string why = ended.output.substr(0, ended.output.find_last_not_of('\n') + 1);
    why.erase(0, why.rfind('\n') + 1);  // the last line says it
    throw UsageError(fmt::format("sbatch refuses: {}", why));
  }
  fmt::print("{}", ended.output);
  return 0;
}

}  // namespace gluster::command
