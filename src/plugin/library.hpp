#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gluster/plugin.hpp>

namespace gluster::plugin {

// One loaded object and its kernels. Never closed again: its code may be anywhere (exceptions, OpenMP's threads, statics).
class Library {
 public:
  struct Entry {
    const Kernel* kernel;
    const KernelDoc* doc;  // null: none
  };

  // Loads `file`, which has a name of its own for its content: the dynamic linker tells objects apart by name. Throws
  // PluginError, in which the object is called `shown`.
  static std::shared_ptr<const Library> load(const std::filesystem::path& file, const std::string& shown);

  // Throws PluginError for what cannot be a plugin on this host: no ELF file, another machine's, no shared object.
  static void check(const std::filesystem::path& file, const std::string& shown);

  // The kernels of a table that is in memory already: the program's own.
  static std::shared_ptr<const Library> of(const Manifest& manifest, const std::string& shown);

  // By name in order: a kernel's place here is its number on the wire.
  const std::vector<Entry>& entries() const noexcept { return entries_; }

  // Tells two tables apart: names and signatures.
  std::string fingerprint() const;

 private:
  Library(const Manifest& manifest, const std::string& shown);

  std::vector<Entry> entries_;
};

// Gluster's own headers, for compiling sources against: beside the library where that is installed, else in the source tree.
std::filesystem::path header_directory();

}  // namespace gluster::plugin
