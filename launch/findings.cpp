#include "findings.hpp"

#include <array>

#include <fmt/format.h>

namespace gluster::command {
namespace {

using Level = Finding::Level;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

Finding mpi(const Facts& facts) {
  if (facts.mpirun.empty()) return {Level::kWrong, "MPI", "there is no mpirun in PATH", "install Open MPI (openmpi-bin), or load its module"};
  return {Level::kOk, "MPI", facts.mpirun, ""};
}

Finding run(const Facts& facts) {
  if (!facts.probe_error.empty()) return {Level::kWrong, "a run", facts.probe_error, "mend this first: nothing can be started"};
  return {Level::kOk, "a run",
          fmt::format("one master and one runner start and end; the runner has {} cores and {} threads", facts.runner_cores, facts.runner_threads),
          ""};
}

Finding thread_level(const Facts& facts) {
  if (facts.has_helper) return {Level::kOk, "threads in MPI", "MPI_THREAD_SERIALIZED or above: calls move while programs and kernels compute", ""};
  return {Level::kSlow, "threads in MPI", "below MPI_THREAD_SERIALIZED: calls move only inside Gluster's own functions",
          "use an MPI that is built with thread support"};
}

Finding windows(const Facts& facts) {
  if (facts.shares_memory) return {Level::kOk, "one-sided windows", "the ranks of a node share memory (MPI_Win_allocate_shared)", ""};
  return {Level::kSlow, "one-sided windows", "the ranks of a node share no memory: all data goes by message",
          "make room in /dev/shm, and see GLUSTER_MEMORY"};
}

Finding shared_memory(const Facts& facts) {
  std::string says = fmt::format("{} MiB are free in /dev/shm", facts.shared_memory_free / kMiB);
  if (facts.shared_memory_free >= 256 * kMiB) return {Level::kOk, "shared memory", says, ""};
  return {Level::kSlow, "shared memory", says, "mount it larger (a container: --shm-size): shared arrays that do not fit are copied to each rank"};
}

Finding cma(const Facts& facts) {
  if (facts.ptrace_scope == 0) return {Level::kOk, "CMA", "ranks may read one another's memory (ptrace_scope 0)", ""};
  return {Level::kSlow, "CMA", fmt::format("ranks may not read one another's memory (kernel.yama.ptrace_scope {})", facts.ptrace_scope),
          "large data is copied once more; sysctl kernel.yama.ptrace_scope=0 where that is allowed"};
}

Finding slurm(const Facts& facts) {
  if (!facts.has_srun) return {Level::kOk, "Slurm", "there is none here", ""};
  if (!facts.slurm_answers)
    return {Level::kSlow, "Slurm", "its programs are here, and no slurmctld answers", "ask who runs it; a shell's gluster run needs none"};
  if (facts.srun_mpi.find("pmix") != std::string::npos) return {Level::kOk, "Slurm", "srun starts MPI programs (--mpi=pmix)", ""};
  return {Level::kSlow, "Slurm", "srun has no pmix", "start with mpirun inside an allocation: gluster run does"};
}

Finding cores(const Facts& facts) {
  std::string says = fmt::format("{} of {} cores may be used here", facts.allowed_cores, facts.cores);
  if (facts.allowed_cores == facts.cores) return {Level::kOk, "cores", says, ""};
  return {Level::kSlow, "cores", says, "meant so by Slurm or taskset? else start without binding"};
}

Finding binding(const Facts& facts) {
  std::string says = fmt::format("a runner alone has {} of the {} cores that may be used here", facts.runner_cores, facts.allowed_cores);
  if (facts.runner_cores >= facts.allowed_cores) return {Level::kOk, "binding", says, ""};
  return {Level::kSlow, "binding", says,
          "Open MPI binds ranks by a setting of this machine: look for hwloc_base_binding_policy and rmaps in its mca-params.conf"};
}

Finding versions(const Facts& facts) { return {Level::kOk, "versions", facts.versions, ""}; }

Finding openblas(const Facts& facts) {
  if (facts.openblas.empty()) return {Level::kOk, "OpenBLAS", "there is none here", ""};
  bool is_old = false;
  for (const char* old : {"Prescott", "Core2", "Generic", "generic", "Northwood", "Katmai", "Banias", "Penryn"}) is_old |= facts.openblas == old;
  std::string says = fmt::format("it takes its kernels for {}{}", facts.openblas, facts.openblas_choice.empty() ? "" : ", as OPENBLAS_CORETYPE says");
  if (!is_old || !facts.cpu_has_avx2) return {Level::kOk, "OpenBLAS", says, ""};
  return {Level::kSlow, "OpenBLAS", says + ", and this CPU has AVX2: a fifth of the speed",
          "export OPENBLAS_CORETYPE=Haswell (SkylakeX where it has AVX-512, Zen on AMD)"};
}

Finding compiler(const Facts& facts) {
  if (facts.compiler_error.empty()) return {Level::kOk, "compiler", facts.compiler, ""};
  return {Level::kWrong, "compiler", facts.compiler_error, "kernels from sources need one: install g++, or name it in GLUSTER_CXX"};
}

Finding cache(const Facts& facts) {
  if (!facts.cache_error.empty()) return {Level::kWrong, "cache", facts.cache_error, "choose another directory with GLUSTER_CACHE"};
  std::string says = fmt::format("{}, {} MiB free", facts.cache, facts.cache_free / kMiB);
  if (!facts.cache_executes)
    return {Level::kWrong, "cache", facts.cache + " lies where nothing may be executed", "choose another directory with GLUSTER_CACHE"};
  if (facts.cache_free >= 64 * kMiB) return {Level::kOk, "cache", says, ""};
  return {Level::kWrong, "cache", says, "make room there, or choose another directory with GLUSTER_CACHE"};
}

}  // namespace

std::vector<Finding> findings_of(const Facts& facts) {
  std::vector<Finding> all{mpi(facts)};
  if (!facts.mpirun.empty()) all.push_back(run(facts));
  if (!facts.mpirun.empty() && facts.probe_error.empty()) {
    all.push_back(thread_level(facts));
    all.push_back(windows(facts));
    all.push_back(binding(facts));
  }
  for (const auto& find : {shared_memory, cma, slurm, cores, openblas, compiler, cache, versions}) all.push_back(find(facts));
  return all;
}

}  // namespace gluster::command
