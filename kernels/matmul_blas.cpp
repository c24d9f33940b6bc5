// Rows of C = A·B by OpenBLAS.
//
// OpenBLAS picks its kernels once, while it is loaded, by the CPU's model. A model that it does not know (a virtual
// machine, a CPU newer than itself) gets Prescott's, of 2004: a fifth of the speed, and no word about it. Only
// OPENBLAS_CORETYPE in the environment changes that, and only before it is loaded. So it is not linked but opened at
// the first call, looked at, and where the pick is that old:
//
//   nobody else has it     it is closed, and opened again under a better OPENBLAS_CORETYPE
//   somebody else has it   a copy of its file is opened beside it: others may be computing with the first at this moment
//   the user has chosen    nothing: OPENBLAS_CORETYPE was set already
#include "matmul.hpp"

#include <gluster/plugin.hpp>

#include <cblas.h>
#include <dlfcn.h>
#include <link.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr const char* kLibrary = "libopenblas.so.0";

struct OpenBlas {
  void* library;
  decltype(&cblas_dgemm) dgemm;
  void (*set_num_threads)(int);
  int (*get_num_threads)();
  char* (*get_corename)();
};

// While it lives the environment has one variable more. Not setenv, which may move the array under another thread's
// getenv: the array is exchanged whole, and never freed.
class Variable {
 public:
  explicit Variable(const std::string& text) : before_(environ) {
    auto& all = *new std::vector<char*>;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) all.push_back(*at);
    all.push_back((new std::string(text))->data());
    all.push_back(nullptr);
    environ = all.data();
  }
  ~Variable() { environ = before_; }
  Variable(const Variable&) = delete;

 private:
  char** before_;
};

// While it lives this thread may run on all of OpenMP's places. OpenBLAS's threads inherit the mask of the thread that
// starts them, and under OMP_PROC_BIND that is a single place: two threads then shared one core.
class AllPlaces {
 public:
  AllPlaces() {
    CPU_ZERO(&before_);
    sched_getaffinity(0, sizeof before_, &before_);
    if (omp_get_proc_bind() == omp_proc_bind_false) return;
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int place = 0; place < omp_get_num_places(); ++place) {
      std::vector<int> cpus(static_cast<std::size_t>(omp_get_place_num_procs(place)));
      omp_get_place_proc_ids(place, cpus.data());
      for (const int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &all);
    }
    if (CPU_COUNT(&all) > 0) sched_setaffinity(0, sizeof all, &all);
  }
  ~AllPlaces() { sched_setaffinity(0, sizeof before_, &before_); }
  AllPlaces(const AllPlaces&) = delete;

 private:
  cpu_set_t before_;
};

// A file that is gone with this object; a library opened from it stays.
class TemporaryCopy {
 public:
  explicit TemporaryCopy(const std::string& source) : path_((std::filesystem::temp_directory_path() / "libopenblas-XXXXXX").string()) {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::system_error(errno, std::generic_category(), path_);
    close(file);
    std::error_code failed;
    std::filesystem::copy_file(source, path_, std::filesystem::copy_options::overwrite_existing, failed);
    if (failed) unlink(path_.c_str());
    if (failed) throw std::system_error(failed, path_);
  }
  ~TemporaryCopy() { unlink(path_.c_str()); }
  TemporaryCopy(const TemporaryCopy&) = delete;
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

void* open_library(const char* path, int flags) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL | flags);
  if (library == nullptr) throw std::runtime_error(std::string("matmul_blas: ") + dlerror());
  return library;
}

OpenBlas look_up(void* library) {
  const auto find = [library]<class F>(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library, name));
    if (function == nullptr) throw std::runtime_error(std::string("matmul_blas: ") + dlerror());
  };
  OpenBlas blas{};
  blas.library = library;
  find(blas.dgemm, "cblas_dgemm");
  find(blas.set_num_threads, "openblas_set_num_threads");
  find(blas.get_num_threads, "openblas_get_num_threads");
  find(blas.get_corename, "openblas_get_corename");
  return blas;
}

// What OPENBLAS_CORETYPE should be for this CPU; null where Prescott's kernels would be right, or are none.
const char* best_core() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

// Kernels without fused multiply-add: half the speed of a CPU with AVX2, and less. The list is closed, since no new
// ones are written for old CPUs; a name that is not on it is newer than this file.
bool is_far_below(std::string_view core) {
  constexpr std::array kOld = {"Katmai", "Coppermine",  "Northwood", "Prescott", "Banias",      "Atom",      "Core2",
                               "Penryn", "Dunnington",  "Nehalem",   "Athlon",   "Opteron",     "Barcelona", "Bobcat",
                               "Nano",   "Sandybridge", "Unknown",   "Generic",  "Opteron_SSE3"};
  return std::ranges::find(kOld, core) != kOld.end();
}

// A second image of a library that others in this process hold; null where it cannot be had.
void* open_copy(void* library) try {
  const link_map* map = nullptr;
  dlinfo(library, RTLD_DI_LINKMAP, &map);
  const TemporaryCopy copy(map->l_name);
  // Where the program itself links OpenBLAS, the copy would find the program's functions before its own.
  const bool linked = dlsym(RTLD_DEFAULT, "openblas_get_corename") != nullptr;
  return open_library(copy.path(), linked ? RTLD_DEEPBIND : 0);
} catch (const std::exception& error) {
  std::fprintf(stderr, "matmul_blas: no copy of %s: %s\n", kLibrary, error.what());
  return nullptr;
}

OpenBlas open_again(const OpenBlas& blas, const char* core) {
  const Variable coretype(std::string("OPENBLAS_CORETYPE=") + core);
  dlclose(blas.library);
  void* others = dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD);
  if (others == nullptr) return look_up(open_library(kLibrary, 0));
  void* copy = open_copy(others);
  return copy == nullptr ? blas : look_up(copy);
}

OpenBlas open_blas() {
  const AllPlaces places;
  const OpenBlas blas = look_up(open_library(kLibrary, 0));
  const char* better = best_core();
  const std::string picked = blas.get_corename();
  if (better == nullptr || !is_far_below(picked) || std::getenv("OPENBLAS_CORETYPE") != nullptr) return blas;
  const OpenBlas again = open_again(blas, better);
  const std::string now = again.get_corename();
  const char* what = now == picked ? "it keeps them: start with OPENBLAS_CORETYPE set to" : "now it computes with";
  std::fprintf(stderr, "matmul_blas: OpenBLAS took its %s kernels, far below what this CPU can do; %s %s\n", picked.c_str(), what, better);
  return again;
}

const OpenBlas& open_blas_once() {
  static const OpenBlas blas = open_blas();
  return blas;
}

void use_threads(const OpenBlas& blas, int threads) {
  if (blas.get_num_threads() == threads) return;
  const AllPlaces places;
  blas.set_num_threads(threads);
}

}  // namespace

void multiply_blas_into(double* c, const double* a, const double* b, std::int64_t rows, std::int64_t n) {
  if (std::max(rows, n) > std::numeric_limits<int>::max()) {
    throw std::invalid_argument("matrix product: OpenBLAS counts rows and columns in 32 bits");
  }
  if (rows == 0) return;
  const OpenBlas& blas = open_blas_once();
  use_threads(blas, omp_get_max_threads());
  const int m = static_cast<int>(rows);
  const int k = static_cast<int>(n);
  blas.dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, k, k, 1.0, a, k, b, k, 0.0, c, k);
}

namespace {

gluster::Block<double> multiply(std::span<const double> a, std::span<const double> b, std::int64_t n) {
  const std::int64_t rows = rows_of(a.size(), b.size(), n);
  gluster::Block<double> c(a.size());
  multiply_blas_into(c.data(), a.data(), b.data(), rows, n);
  return c;
}

void multiply_in_place(std::span<double> c, std::span<const double> a, std::span<const double> b, std::int64_t n) {
  multiply_blas_into(c.data(), a.data(), b.data(), rows_of(a.size(), b.size(), c.size(), n), n);
}

// The name of the kernels in use, as OpenBLAS calls them.
std::string core() { return open_blas_once().get_corename(); }

}  // namespace

GLUSTER_EXPORT(multiply)
GLUSTER_DOC(multiply, "Rows of C = A·B, row-major, by OpenBLAS on OpenMP's number of threads.", "a", "b", "n")

GLUSTER_EXPORT_AS(multiply_into, multiply_in_place)
GLUSTER_DOC(multiply_into, "The same, written to where the caller wants it.", "c", "a", "b", "n")

GLUSTER_EXPORT(core)
GLUSTER_DOC(core, "The CPU whose kernels OpenBLAS computes with, by its own name: SkylakeX, Haswell, ...")
