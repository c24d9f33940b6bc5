#include "entry/surroundings.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <gluster/cluster.hpp>

#include "mpi/environment.hpp"

extern char** environ;

namespace gluster {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A whole number from the environment; `otherwise` where it is not set.
template <class Number>
Number number(const char* name, Number otherwise, Number least, Number most) {
  std::string_view text = variable(name);
  if (text.empty()) return otherwise;
  Number value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    throw UsageError(fmt::format("{}={}: it must be a whole number from {} to {}", name, text, least, most));
  return value;
}

bool flag(const char* name) {
  std::string_view text = variable(name);
  for (std::string_view yes : {"1", "yes", "on", "true"})
    if (text == yes) return true;
  for (std::string_view no : {"", "0", "no", "off", "false"})
    if (text == no) return false;
  throw UsageError(fmt::format("{}={}: it must be 1 or 0", name, text));
}

// OMP_NUM_THREADS may be a list, a number a level of nesting: the first counts.
int openmp_threads() {
  std::string_view text = variable("OMP_NUM_THREADS");
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::max(value, 0);
}

std::filesystem::path cache_directory() {
  if (auto own = variable("GLUSTER_CACHE"); !own.empty()) {
    auto directory = std::filesystem::absolute(own).lexically_normal();
    return directory.has_filename() ? directory : directory.parent_path();  // a slash at the end
  }
  if (auto home = variable("XDG_CACHE_HOME"); !home.empty()) return std::filesystem::path(home) / "gluster";
  auto temporary = variable("TMPDIR");
  return std::filesystem::path(temporary.empty() ? "/tmp" : temporary) / fmt::format("gluster-{}", ::geteuid());
}

}  // namespace

Options Options::from_environment() {
  Options options;
  options.credit = number("GLUSTER_CREDIT", options.credit, 1, 4096);
  options.threads = number("GLUSTER_THREADS", openmp_threads(), 0, 65536);
  if (!variable("GLUSTER_MEMORY").empty()) options.memory = number<std::int64_t>("GLUSTER_MEMORY", 0, 0, std::numeric_limits<std::int64_t>::max());
  options.master_computes = flag("GLUSTER_MASTER_COMPUTES");
  options.tag_output = flag("GLUSTER_TAG_OUTPUT");
  if (auto level = variable("GLUSTER_LOG"); !level.empty()) options.log = level;
  options.cxx = variable("GLUSTER_CXX");
  options.trace = variable("GLUSTER_TRACE");
  options.journal = variable("GLUSTER_JOURNAL");
  options.cache = cache_directory();
  return options;
}

namespace entry {

namespace {

// To `gluster run`; -1: there is none, or it holds another process and this has its variables only.
int pipe_to_holder() {
  const std::string_view text = variable("GLUSTER_HELD");
  int pipe = -1;
  std::from_chars(text.data(), text.data() + text.size(), pipe);
  struct stat its {};
  return pipe > STDERR_FILENO && ::fstat(pipe, &its) == 0 && S_ISFIFO(its.st_mode) ? pipe : -1;
}

}  // namespace

bool is_held() { return pipe_to_holder() >= 0; }

void tell_holder() {
  const int pipe = pipe_to_holder();
  if (pipe < 0) return;
  if (::write(pipe, "", 1) == 1) ::close(pipe);
  ::unsetenv("GLUSTER_HELD");
}

bool waiting_is_told() { return !variable("OMP_WAIT_POLICY").empty() || !variable("GOMP_SPINCOUNT").empty(); }

Options completed(Options options) {
  if (options.credit < 1 || options.credit > 4096) throw UsageError(fmt::format("Options::credit is {}: it must be from 1 to 4096", options.credit));
  if (options.threads < 0) throw UsageError(fmt::format("Options::threads is {}: it cannot be negative", options.threads));
  if (options.cache.empty()) options.cache = cache_directory();
  return options;
}

Surroundings Surroundings::from_environment() {
  Surroundings around;
  for (char** at = environ; *at != nullptr; ++at) around.launched |= mpi::is_launcher_variable(std::string_view(*at, std::strcspn(*at, "=")));
  around.by_mpirun = !variable("OMPI_COMM_WORLD_SIZE").empty();
  around.slurm_step_tasks = number("SLURM_STEP_NUM_TASKS", 0, 0, 1 << 30);
  return around;
}

void Surroundings::expect_world(int size) const {
  if (size != 1 || slurm_step_tasks <= 1 || by_mpirun) return;
  throw UsageError(fmt::format("Slurm started {} tasks, but each is an MPI world of its own: start them with srun --mpi=pmix", slurm_step_tasks));
}

}  // namespace entry
}  // namespace gluster
