#pragma once
#include <filesystem>
#include <string>

#include "plugin/cache.hpp"

namespace gluster::plugin {

// A source as it travels: preprocessed, so that it needs nothing beside it.
struct Source {
  std::string name;  // for messages
  std::string text;
  std::string digest;  // of the text without line markers: the same source in another place is the same
};

struct Object {
  std::string key;     // what it was made from and how
  std::string digest;  // of its bytes
  std::filesystem::path file;
};

// Sources to objects, cached. What it runs takes seconds: never with the baton held. Not thread-safe; ranks of one node may
// compile the same source at once: one does, the others wait for it.
class Compiler {
 public:
  // `command` is the compiler, and may have options: "g++-14 -m64".
  Compiler(std::string command, Cache& cache);

  // Both throw PluginError with the compiler's output.
  Source preprocess(const std::filesystem::path& file);
  Object compile(const Source& source);

  // What a source is known by, when compiled here.
  std::string key(const std::string& source_digest);
  // The compiler's own name and version; throws PluginError when it cannot be run.
  const std::string& version();

 private:
  Object compile_now(const Source& source, const std::string& key);

  std::string command_;
  std::string version_;
  Cache* cache_;
};

// A file that import_functions compiles.
bool is_source(const std::filesystem::path& file);

}  // namespace gluster::plugin
