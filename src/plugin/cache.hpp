#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace gluster::plugin {

// Plugins' objects on this node, each under a name of its own in a private directory:
//     <digest>.so               a built object, known by its bytes
//     <key>.so, <key>.sha256    a compiled source, known by its key; and its bytes' digest
// What is in it is checked against its digest before it is used, and files appear whole. Made on first use. Thread-safe, and
// shared by the ranks of a node.
class Cache {
 public:
  explicit Cache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // The object called `name` (a digest or a key) if it is here and its bytes have `digest`.
  std::optional<std::filesystem::path> find(const std::string& name, const std::string& digest) const;
  // A compiled source's digest, if it is here.
  std::optional<std::string> digest_of(const std::string& key) const;

  // Throws PluginError that says what to do when the directory cannot be written.
  std::filesystem::path put(const std::string& name, const std::string& digest, const std::string& bytes);
  // Where to make things; the directory is there.
  std::filesystem::path place(const std::string& file);

 private:
  std::filesystem::path directory_;
};

}  // namespace gluster::plugin
