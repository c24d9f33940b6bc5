#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugin/cache.hpp"
#include "plugin/compiler.hpp"
#include "plugin/library.hpp"

namespace gluster::plugin {

// A file's name without directory, `lib` and suffix.
std::string stem_of(const std::filesystem::path& file);

// A plugin that is ready to be called, and all that another node needs to have it too.
struct Shelved {
  std::shared_ptr<const Library> library;
  std::string stem;  // what its kernels' names begin with
  std::string path;
  std::string digest;    // of the object's bytes
  std::string identity;  // what tells it from other plugins: the digest, or the key of a source
  std::string source;    // digest of the preprocessed text; empty for a built object
  std::shared_ptr<const std::string> object_bytes;
  std::shared_ptr<const std::string> source_text;
};

// The libraries of this process. Reads, compiles and loads: never with the baton held. Thread-safe.
class Shelf {
 public:
  Shelf(std::filesystem::path cache, const std::string& compiler) : cache_(std::move(cache)), compiler_(compiler, cache_) {}

  // From a file, built or source. Throws PluginError.
  Shelved take(const std::filesystem::path& file);
  // From this node's cache; null when it is not there. Throws PluginError when it cannot be loaded.
  std::shared_ptr<const Library> find(const std::string& identity, const std::string& digest, const std::string& shown);
  // From bytes, which are checked against the digest.
  std::shared_ptr<const Library> put(const std::string& identity, const std::string& digest, const std::string& bytes, const std::string& shown);
  std::shared_ptr<const Library> compile(const Source& source);

 private:
  Shelved take_source(const std::filesystem::path& file);

  std::mutex mutex_;
  Cache cache_;
  Compiler compiler_;
};

}  // namespace gluster::plugin
