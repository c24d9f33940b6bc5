#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gluster/cluster.hpp>

#include "master/kernel_entry.hpp"
#include "plugin/library.hpp"

namespace gluster::master {

// Every kernel that can be called, by name. Thread-safe; entries never move or go away, since calls point to them.
class Catalogue {
 public:
  // The stem of a plugin's path, checked: throws UsageError when another path has it already.
  std::string stem_for(const std::filesystem::path& path);
  // True when this path was imported with these bytes before.
  bool has(const std::filesystem::path& path, const std::string& identity) const;
  // Makes a library's kernels callable as `stem.function`, in place of what the same path had before.
  void add(const std::filesystem::path& path, const std::string& identity, const plugin::Library& library, std::uint32_t image,
           const std::string& version = "");
  // Throws UsageError with the nearest name there is.
  const KernelEntry& find(std::string_view name) const;
  std::vector<KernelInfo> list() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Names = std::unordered_map<std::string, const KernelEntry*, Hash, std::equal_to<>>;
  struct Imported {
    std::filesystem::path path;
    std::string identity;
    std::vector<std::string> names;
  };

  std::string nearest(std::string_view name) const;
  void index();

  mutable std::shared_mutex mutex_;
  std::deque<KernelEntry> entries_;
  std::map<std::string, Imported> imported_;  // by stem
  Names names_;                               // stem.function
  Names short_names_;                         // function; null where several plugins have it
};

}  // namespace gluster::master
