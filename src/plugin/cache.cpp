#include "plugin/cache.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace gluster::plugin {
namespace {

[[noreturn]] void cannot(const std::filesystem::path& directory, const Error& reason) {
  throw PluginError(fmt::format("plugins cannot be kept in {}: {}; choose another directory with GLUSTER_CACHE", directory.string(), reason.what()));
}

}  // namespace

std::optional<std::filesystem::path> Cache::find(const std::string& name, const std::string& digest) const {
  std::filesystem::path file = directory_ / (name + ".so");
  std::error_code reason;
  if (!std::filesystem::exists(file, reason)) return std::nullopt;
  try {
    base::make_private(directory_);
    if (base::sha256(base::read_file(file)) == digest) return file;
  } catch (const Error&) {  // unreadable, or not ours alone: as if it were not here
  }
  return std::nullopt;
}

std::optional<std::string> Cache::digest_of(const std::string& key) const {
  std::filesystem::path file = directory_ / (key + ".sha256");
  std::error_code reason;
  if (!std::filesystem::exists(file, reason)) return std::nullopt;
  try {
    return base::read_file(file);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::filesystem::path Cache::put(const std::string& name, const std::string& digest, const std::string& bytes) {
  std::filesystem::path file = place(name + ".so");
  try {
    base::FileLock lock(place(name + ".lock"));
    if (find(name, digest)) return file;  // another rank of this node was first
    base::write_file(file, bytes);
    if (name != digest) base::write_file(place(name + ".sha256"), digest);
  } catch (const PluginError&) {
    throw;
  } catch (const Error& error) {
    cannot(directory_, error);
  }
  return file;
}

std::filesystem::path Cache::place(const std::string& file) {
  try {
    base::make_private(directory_);
  } catch (const Error& error) {
    cannot(directory_, error);
  }
  if (::access(directory_.c_str(), W_OK) != 0) cannot(directory_, Error(std::strerror(errno)));
  return directory_ / file;
}

}  // namespace gluster::plugin
