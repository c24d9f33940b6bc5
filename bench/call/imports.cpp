#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>

#include "call/figures.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

// A place of its own for each round, so that nothing in it has been loaded before by any process.
struct Place {
  fs::path directory, file, cache, next_cache;

  Place(const fs::path& scratch, const fs::path& plugin, int round)
      : directory(scratch / fmt::format("{}{}", plugin.extension() == ".so" ? "built" : "source", round)),
        file(directory / plugin.filename()),
        cache(directory / "cache"),
        next_cache(directory / "next") {
    fs::create_directories(directory);
    fs::copy_file(plugin, file);
  }
  ~Place() {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  Place(const Place&) = delete;
};

double milliseconds(gluster::Cluster& cluster, const fs::path& file) {
  return seconds_of([&] {
           cluster.import_functions(file);
           cluster.run<void>("nothing.nothing").get();
         }) *
         1e3;
}

double milliseconds_to_load(const fs::path& object) {
  return seconds_of([&] {
           void* const handle = ::dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
           if (handle == nullptr || ::dlsym(handle, "gluster_manifest") == nullptr) throw std::runtime_error(::dlerror());
         }) *
         1e3;
}

double milliseconds_by_hand(const fs::path& file) {
  if (file.extension() == ".so") {
    const fs::path copy = fs::path(file).replace_filename("by_hand.so");
    fs::copy_file(file, copy);
    return milliseconds_to_load(copy);
  }
  const fs::path object = fs::path(file).replace_extension(".so");
  const std::string command = fmt::format("'{}' -std=c++20 -O3 -march=native -fopenmp -shared -fPIC -I'{}' '{}' -o '{}'", BENCH_CXX, BENCH_INCLUDE,
                                          file.string(), object.string());
  double load = 0;
  const double compile = seconds_of([&] {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("this did not compile: " + command);
  });
  load = milliseconds_to_load(object);
  return compile * 1e3 + load;
}

void import(const Stage& stage, const Effort& effort, Report& report, const fs::path& scratch, const fs::path& plugin) {
  const bool is_source = plugin.extension() != ".so";
  const std::string what = is_source ? "a source" : "a built plugin";
  const std::string by_hand = is_source ? "raw: the compiler and dlopen, on one rank" : "raw: dlopen, on one rank";
  Figure first{.name = fmt::format("import of {}, first time", what), .unit = "ms"};
  Figure second{.name = fmt::format("import of {}, second time", what), .unit = "ms"};
  Figure again{.name = fmt::format("import of {}, again in one program", what), .unit = "ms"};
  first.note = by_hand + "; both to the first call's value; nothing is cached";
  second.note = "another program later: it is cached, and not in memory";
  for (int round = 0; round < effort.imports; ++round) {
    const Place place(scratch, plugin, round);
    first.baseline.push_back(milliseconds_by_hand(place.file));
    stage.with_bare_cluster(Setting::with_cache(place.cache.string()), [&](auto& cluster) {
      first.values.push_back(milliseconds(cluster, place.file));
      again.values.push_back(milliseconds(cluster, place.file));
    });
    // Copied: what is loaded from there is loaded anew, as in another process.
    fs::copy(place.cache, place.next_cache, fs::copy_options::recursive);
    stage.with_bare_cluster(Setting::with_cache(place.next_cache.string()),
                            [&](auto& cluster) { second.values.push_back(milliseconds(cluster, place.file)); });
  }
  for (const Figure& figure : {first, second, again}) report.add(figure);
}

}  // namespace

void imports(const Stage& stage, const Effort& effort, Report& report, const std::string& scratch) {
  import(stage, effort, report, scratch, BENCH_NOTHING);
  import(stage, effort, report, scratch, BENCH_NOTHING_SOURCE);
}

}  // namespace bench
