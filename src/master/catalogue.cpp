#include "master/catalogue.hpp"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "base/distance.hpp"
#include "plugin/shelf.hpp"

namespace gluster::master {
namespace {

std::string_view without_stem(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

std::string Catalogue::stem_for(const std::filesystem::path& path) {
  std::string stem = plugin::stem_of(path);
  std::shared_lock lock(mutex_);
  auto same = imported_.find(stem);
  if (same != imported_.end() && same->second.path != path)
    throw UsageError(fmt::format("{} cannot be imported: its kernels would be called {}.…, as those of {} are; rename one of the two", path.string(),
                                 stem, same->second.path.string()));
  return stem;
}

bool Catalogue::has(const std::filesystem::path& path, const std::string& identity) const {
  std::shared_lock lock(mutex_);
  auto at = imported_.find(plugin::stem_of(path));
  return at != imported_.end() && at->second.path == path && at->second.identity == identity;
}

void Catalogue::add(const std::filesystem::path& path, const std::string& identity, const plugin::Library& library, std::uint32_t image,
                    const std::string& version) {
  std::string stem = stem_for(path);
  std::unique_lock lock(mutex_);
  Imported& imported = imported_[stem];
  for (const std::string& name : imported.names) names_.erase(name);
  imported = {path, identity, {}};
  std::uint32_t number = 0;
  for (const plugin::Library::Entry& entry : library.entries()) {
    KernelEntry& kernel = entries_.emplace_back();
    kernel.name = stem + "." + entry.kernel->name;
    kernel.image = image;
    kernel.number = number++;
    kernel.signature = &entry.kernel->signature();
    kernel.code = entry.kernel;
    kernel.version = version;
    if (entry.doc != nullptr) {
      kernel.documentation = entry.doc->text;
      kernel.parameters.assign(entry.doc->parameters, entry.doc->parameters + entry.doc->parameter_count);
    }
    names_[kernel.name] = &kernel;
    imported.names.push_back(kernel.name);
  }
  index();
}

void Catalogue::index() {
  short_names_.clear();
  for (const auto& [name, kernel] : names_) {
    auto [at, is_first] = short_names_.emplace(without_stem(name), kernel);
    if (!is_first) at->second = nullptr;
  }
}

const KernelEntry& Catalogue::find(std::string_view name) const {
  std::shared_lock lock(mutex_);
  if (auto at = names_.find(name); at != names_.end()) return *at->second;
  auto at = short_names_.find(name);
  if (at == short_names_.end()) throw UsageError(fmt::format("there is no kernel called {}{}", name, nearest(name)));
  if (at->second == nullptr) throw UsageError(fmt::format("several plugins have a kernel called {}: write stem.{}", name, name));
  return *at->second;
}

std::string Catalogue::nearest(std::string_view name) const {
  if (names_.empty()) return ": nothing has been imported yet";
  const std::string* best = nullptr;
  std::size_t least = 0;
  for (const auto& [candidate, kernel] : names_) {
    std::size_t far = std::min(base::distance(name, candidate), base::distance(without_stem(name), without_stem(candidate)));
    if (best == nullptr || far < least || (far == least && candidate < *best)) best = &candidate, least = far;
  }
  return fmt::format("; the nearest is {}", *best);
}

std::vector<KernelInfo> Catalogue::list() const {
  std::shared_lock lock(mutex_);
  std::vector<KernelInfo> list;
  for (const auto& [name, kernel] : names_) list.push_back({name, kernel->signature->text(), kernel->documentation, kernel->parameters});
  std::sort(list.begin(), list.end(), [](const KernelInfo& a, const KernelInfo& b) { return a.name < b.name; });
  return list;
}

}  // namespace gluster::master
