#include "plugin/compiler.hpp"

#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <gluster/plugin.hpp>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/host.hpp"
#include "base/process.hpp"
#include "plugin/library.hpp"

namespace gluster::plugin {
namespace {

constexpr const char* kFlags = "-std=c++20 -O3 -march=native -fopenmp -fPIC -fvisibility=hidden";
// Else a source imported again would share its elder's inline statics. Others than GCC have no such thing.
constexpr const char* kFlagOfGcc = "-fno-gnu-unique";

// One word where that is a file: its path may have spaces.
std::vector<std::string> words(const std::string& text) {
  std::error_code reason;
  if (std::filesystem::is_regular_file(text, reason)) return {text};
  std::istringstream in(text);
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  return list;
}

std::vector<std::string> command_line(const std::string& command, std::vector<std::string> more) {
  std::vector<std::string> line = words(command), flags = words(kFlags);
  line.insert(line.end(), flags.begin(), flags.end());
  line.insert(line.end(), more.begin(), more.end());
  return line;
}

// Runs a command, which `leaves` these files if nobody removes them; on failure says what was to be done, with its output.
std::string run(const std::vector<std::string>& line, const std::string& what, const std::vector<std::filesystem::path>& leaves = {}) {
  base::Ended ended;
  try {
    ended = base::run_program(line, leaves);
  } catch (const Error& error) {
    throw PluginError(fmt::format("{}: {}; name a C++ compiler with GLUSTER_CXX", what, error.what()));
  }
  if (ended.status == 127 && ended.output.empty())
    throw PluginError(fmt::format("{}: there is no compiler called {}; name one with GLUSTER_CXX", what, line.front()));
  if (ended.status != 0) {
    bool is_full = ended.output.find("No space left on device") != std::string::npos;
    throw PluginError(fmt::format("{}{}: {} ended with status {}:\n{}", what, is_full ? " (choose another directory with GLUSTER_CACHE)" : "",
                                  line.front(), ended.status, ended.output));
  }
  return ended.output;
}

// `# 12 "file"`
bool is_marker(std::string_view line) {
  std::size_t digits = line.starts_with("# ") ? line.find_first_not_of("0123456789", 2) : 0;
  return digits != std::string_view::npos && digits > 2 && line.substr(digits).starts_with(" \"");
}

// Line markers name places, which are no part of what a source is.
std::string digest_without_markers(const std::string& text) {
  std::istringstream in(text);
  std::string stripped;
  for (std::string line; std::getline(in, line);)
    if (!is_marker(line)) stripped.append(line).push_back('\n');
  return base::sha256(stripped);
}

// Removes a file at the end, whatever happens.
class Temporary {
 public:
  explicit Temporary(std::filesystem::path file) : file_(std::move(file)) {}
  ~Temporary() {
    std::error_code reason;
    std::filesystem::remove(file_, reason);
  }
  Temporary(const Temporary&) = delete;
  const std::filesystem::path& path() const { return file_; }

 private:
  std::filesystem::path file_;
};

}  // namespace

Compiler::Compiler(std::string command, Cache& cache)
    : command_(command.empty() ? std::string(GLUSTER_BUILT_WITH) : std::move(command)), cache_(&cache) {}

Source Compiler::preprocess(const std::filesystem::path& file) {
  std::string what = fmt::format("{} cannot be compiled", file.string());
  Temporary out(base::temporary_name(cache_->place("source.ii")));
  run(command_line(command_, {"-E", "-x", "c++", "-I" + header_directory().string(), file.string(), "-o", out.path().string()}), what, {out.path()});
  Source source{file.string(), base::read_file(out.path()), {}};
  source.digest = digest_without_markers(source.text);
  return source;
}

const std::string& Compiler::version() {
  if (!version_.empty()) return version_;
  std::string output = run(
      [&] {
        auto line = words(command_);
        line.push_back("--version");
        return line;
      }(),
      "the C++ compiler does not tell its version");
  return version_ = command_ + ": " + output.substr(0, output.find('\n'));
}

std::string Compiler::key(const std::string& source_digest) {
  return base::sha256(fmt::format("{}\n{}\n{}\n{}\n{}", source_digest, kFlags, version(), base::cpu_model(), kAbiVersion));
}

Object Compiler::compile(const Source& source) {
  std::string name = key(source.digest);
  auto cached = [&]() -> std::filesystem::path {
    auto digest = cache_->digest_of(name);
    auto file = digest ? cache_->find(name, *digest) : std::nullopt;
    return file.value_or("");
  };
  try {
    base::FileLock lock(cache_->place(name + ".build"));  // one rank of a node compiles, the others find its object
    if (auto file = cached(); !file.empty()) return {name, *cache_->digest_of(name), file};
    return compile_now(source, name);
  } catch (const PluginError&) {
    throw;
  } catch (const Error& error) {
    throw PluginError(fmt::format("{} cannot be compiled: {}; choose another directory with GLUSTER_CACHE", source.name, error.what()));
  }
}

Object Compiler::compile_now(const Source& source, const std::string& name) {
  Temporary text(base::temporary_name(cache_->place(name)).replace_extension(".ii"));
  Temporary object(base::temporary_name(cache_->place(name)).replace_extension(".o"));
  base::write_file(text.path(), source.text);
  auto line = command_line(command_, {"-shared", "-fpreprocessed", text.path().string(), "-o", object.path().string()});
  if (version().find("clang") == std::string::npos) line.push_back(kFlagOfGcc);
  run(line, fmt::format("{} cannot be compiled", source.name), {text.path(), object.path()});
  std::string bytes = base::read_file(object.path());
  std::string digest = base::sha256(bytes);
  return {name, digest, cache_->put(name, digest, bytes)};
}

bool is_source(const std::filesystem::path& file) {
  for (const char* suffix : {".cpp", ".cc", ".cxx", ".C", ".c++"})
    if (file.extension() == suffix) return true;
  return false;
}

}  // namespace gluster::plugin
