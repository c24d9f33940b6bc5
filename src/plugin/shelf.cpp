#include "plugin/shelf.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace gluster::plugin {
namespace {

std::string read(const std::filesystem::path& file) {
  try {
    return base::read_file(file);
  } catch (const Error& error) {
    throw PluginError(fmt::format("{} cannot be imported: {}", file.string(), error.what()));
  }
}

std::shared_ptr<const std::string> shared(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

std::string stem_of(const std::filesystem::path& file) {
  std::string stem = file.stem().string();
  if (file.extension() == ".so" && stem.starts_with("lib") && stem.size() > 3) stem.erase(0, 3);
  return stem;
}

Shelved Shelf::take(const std::filesystem::path& file) {
  std::lock_guard lock(mutex_);
  std::string bytes = read(file);
  if (is_source(file)) return take_source(file);
  Library::check(file, file.string());  // before it takes room in the cache
  std::string digest = base::sha256(bytes);
  auto here = cache_.put(digest, digest, bytes);
  return {Library::load(here, file.string()), stem_of(file), file.string(), digest, digest, "", shared(std::move(bytes)), shared("")};
}

Shelved Shelf::take_source(const std::filesystem::path& file) {
  Source source = compiler_.preprocess(file);
  Object object = compiler_.compile(source);
  return {Library::load(object.file, file.string()),
          stem_of(file),
          file.string(),
          object.digest,
          object.key,
          source.digest,
          shared(read(object.file)),
          shared(std::move(source.text))};
}

std::shared_ptr<const Library> Shelf::find(const std::string& identity, const std::string& digest, const std::string& shown) {
  std::lock_guard lock(mutex_);
  auto file = cache_.find(identity, digest);
  return file ? Library::load(*file, shown) : nullptr;
}

std::shared_ptr<const Library> Shelf::put(const std::string& identity, const std::string& digest, const std::string& bytes,
                                          const std::string& shown) {
  std::lock_guard lock(mutex_);
  if (base::sha256(bytes) != digest) throw PluginError(fmt::format("{} arrived damaged: its bytes are not those of its digest", shown));
  return Library::load(cache_.put(identity, digest, bytes), shown);
}

std::shared_ptr<const Library> Shelf::compile(const Source& source) {
  std::lock_guard lock(mutex_);
  return Library::load(compiler_.compile(source).file, source.name);
}

}  // namespace gluster::plugin
