#include <dlfcn.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <gluster/gluster.hpp>
#include <nlohmann/json.hpp>

#include "base/cores.hpp"
#include "base/files.hpp"
#include "base/process.hpp"
#include "commands.hpp"
#include "data/dataset.hpp"
#include "findings.hpp"
#include "items_out.hpp"
#include "place.hpp"
#include "plugin/cache.hpp"
#include "plugin/compiler.hpp"

namespace gluster::command {
namespace {

using Json = nlohmann::json;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::uint64_t free_bytes(const std::string& directory) {
  struct statvfs about {};
  return ::statvfs(directory.c_str(), &about) != 0 ? 0 : std::uint64_t{about.f_bavail} * about.f_frsize;
}

int number_in(const char* file) {
  int number = 0;
  std::ifstream(file) >> number;
  return number;
}

std::string openblas_kernels() {
  void* library = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return "";
  auto corename = reinterpret_cast<char* (*)()>(::dlsym(library, "openblas_get_corename"));
  return corename == nullptr ? "" : corename();
}

// What the run of one master and one runner says, as JSON.
int tell_about_run(const Command& command) {
  return gluster::launch(command.argc, command.argv, [](Cluster& cluster) {
    const Status status = cluster.status(std::chrono::seconds(2));
    const RunnerInfo runner = cluster.runners().at(0);
    fmt::print("{}\n", Json{{"helper", status.helper},
                            {"shares_memory", status.text.find("1 of 1 runners draw from node memory") != std::string::npos},
                            {"cores", runner.cores},
                            {"threads", runner.threads}}
                           .dump());
    return 0;
  });
}

void probe(const Start& start, const Place& place, Facts& facts) {
  try {
    Line line = line_for(start, place);
    for (const auto& [name, value] : line.environment) ::setenv(name.c_str(), value.c_str(), 1);
    std::vector<std::string> words{"timeout", "--foreground", "-k", "2", "30"};
    words.insert(words.end(), line.words.begin(), line.words.end());
    const base::Ended ended = base::run_program(words);
    const std::size_t at = ended.output.starts_with('{') ? 0 : ended.output.find("\n{") + 1;  // warnings may stand before it
    const Json said = Json::parse(first_line(ended.output.substr(at)), nullptr, false);
    if (ended.status != 0 || !said.is_object()) {
      constexpr int kTimedOut = 124;
      const std::string why = ended.status == kTimedOut ? "it does not come to its end" : first_line(ended.output);
      facts.probe_error = fmt::format("a run of one master and one runner fails: {}", why.empty() ? fmt::format("status {}", ended.status) : why);
      return;
    }
    facts.has_helper = said["helper"];
    facts.shares_memory = said["shares_memory"];
    facts.runner_cores = said["cores"];
    facts.runner_threads = said["threads"];
  } catch (const Error& error) {
    facts.probe_error = error.what();
  }
}

Facts gather(const Start& start) {
  Facts facts;
  const Place place = Place::look();
  if (!place.mpirun.empty()) {
    facts.mpirun = first_line(base::run_program({place.mpirun, "--version"}).output);
    Place shell = place;
    shell.kind = Place::Kind::kNothing;
    probe(start, shell, facts);
  }
  facts.cores = static_cast<int>(base::cores_of_node().size());
  facts.allowed_cores = place.cores;
  facts.shared_memory_free = free_bytes("/dev/shm");
  facts.ptrace_scope = number_in("/proc/sys/kernel/yama/ptrace_scope");
  facts.has_srun = !place.srun.empty();
  facts.versions = fmt::format("gluster {}, HDF5 {}", GLUSTER_VERSION, data::hdf5_version());
  if (facts.has_srun) {
    facts.slurm_answers = base::run_program({"timeout", "--foreground", "10", "scontrol", "ping"}).status == 0;
    facts.srun_mpi = base::run_program({place.srun, "--mpi=list"}).output;
    if (facts.slurm_answers) facts.versions += ", " + first_line(base::run_program({place.srun, "--version"}).output);
  }
  facts.openblas = openblas_kernels();
  facts.openblas_choice = variable("OPENBLAS_CORETYPE");
  facts.cpu_has_avx2 = __builtin_cpu_supports("avx2") != 0;
  const Options options = Options::from_environment();
  facts.cache = options.cache.string();
  try {
    plugin::Cache cache(options.cache);
    facts.cache_free = free_bytes(facts.cache);
    facts.cache_executes = base::may_execute(facts.cache);
    facts.compiler = plugin::Compiler(options.cxx, cache).version();
  } catch (const PluginError& error) {
    facts.compiler_error = first_line(error.what());
  } catch (const Error& error) {
    facts.cache_error = first_line(error.what());
  }
  return facts;
}

}  // namespace

int doctor(const Command& command, const Start& start) {
  if (command.is_master) return tell_about_run(command);
  const std::vector<Finding> findings = findings_of(gather(start));
  constexpr const char* names[] = {"ok", "slow", "wrong"};
  constexpr const char* colours[] = {"\033[32m", "\033[33m", "\033[31m"};
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  Json list = Json::array();
  bool wrong = false;
  for (const Finding& finding : findings) {
    const auto level = static_cast<std::size_t>(finding.level);
    wrong |= finding.level == Finding::Level::kWrong;
    if (command.json) {
      list.push_back({{"level", names[level]}, {"what", finding.what}, {"says", finding.says}, {"advice", finding.advice}});
      continue;
    }
    fmt::print("{}{:<5}{}  {}: {}{}\n", is_terminal ? colours[level] : "", names[level], is_terminal ? "\033[0m" : "", finding.what, finding.says,
               finding.advice.empty() ? "" : "; " + finding.advice);
  }
  if (command.json) fmt::print("{}\n", list.dump(2));
  return wrong ? kFailed : 0;
}

}  // namespace gluster::command
