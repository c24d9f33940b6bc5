#include "runner/plugins.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/host.hpp"

namespace gluster::runner {

using wire::Word;

// A source's object was made for one CPU model; a built one is its author's business.
bool Plugins::can_use_object(const wire::Plugin& plugin) const { return plugin.source.empty() || plugin.cpu == base::cpu_model(); }

Plugins::Loaded Plugins::in_program(const wire::Plugin& plugin) const {
  if (self_ != nullptr && self_->kernels_begin != self_->kernels_end) {
    Loaded own = plugin::Library::of(*self_, plugin.path);
    if (own->fingerprint() == plugin.identity) return own;
  }
  throw PluginError(
      fmt::format("the kernels of {} are in that program itself, but here runs {}: start the same program on every rank, or move "
                  "the kernels into a plugin",
                  plugin.path, base::program_path()));
}

// A built object that this node can read where the master found it.
Plugins::Loaded Plugins::in_file(const wire::Plugin& plugin) {
  try {
    std::string bytes = base::read_file(plugin.path);
    if (base::sha256(bytes) == plugin.digest) return shelf_->put(plugin.identity, plugin.digest, bytes, plugin.path);
  } catch (const PluginError&) {
    throw;
  } catch (const Error&) {  // not here: the master sends it
  }
  return nullptr;
}

Plugins::Loaded Plugins::look_for(const wire::Plugin& plugin) {
  if (plugin.self) return in_program(plugin);
  if (!can_use_object(plugin)) return nullptr;
  Loaded cached = shelf_->find(plugin.identity, plugin.digest, plugin.path);
  return cached || !plugin.source.empty() ? cached : in_file(plugin);
}

template <class F>
wire::Frame Plugins::answer(std::uint32_t image, std::uint64_t number, F&& load) {
  try {
    Loaded library = load();
    if (library) {
      keep(image, std::move(library));
      return wire::frame_of(Word::kPluginReady, number, wire::PluginReady{image});
    }
    auto what = can_use_object(offers_[image]) ? wire::Wanted::kObject : wire::Wanted::kSource;
    return wire::frame_of(Word::kPluginWanted, number, wire::PluginWanted{image, what});
  } catch (const std::exception& error) {
    return wire::frame_of(Word::kPluginFailed, number, wire::PluginFailed{image, fmt::format("{}: {}", base::host_name(), error.what())});
  }
}

wire::Frame Plugins::offered(const wire::Plugin& plugin, std::uint64_t number) {
  offers_[plugin.image] = plugin;
  return answer(plugin.image, number, [&] { return look_for(plugin); });
}

wire::Frame Plugins::received(const wire::PluginBytes& bytes, std::uint64_t number) {
  const wire::Plugin& plugin = offers_[bytes.image];
  return answer(bytes.image, number, [&]() -> Loaded {
    if (bytes.what == wire::Wanted::kObject) return shelf_->put(plugin.identity, plugin.digest, bytes.bytes, plugin.path);
    return shelf_->compile({plugin.path, bytes.bytes, plugin.source});
  });
}

void Plugins::keep(std::uint32_t image, Loaded library) {
  std::lock_guard lock(*baton_);
  if (images_.size() <= image) images_.resize(image + 1);
  images_[image].names.clear();
  for (const auto& entry : library->entries()) images_[image].names.push_back(offers_[image].name + "." + entry.kernel->name);
  images_[image].library = std::move(library);
}

Plugins::Found Plugins::find(const wire::CallHead& call) const {
  if (call.image >= images_.size() || call.kernel >= images_[call.image].names.size())
    throw DataError(fmt::format("it is for kernel {} of plugin {}, which is not here", call.kernel, call.image));
  const Image& image = images_[call.image];
  return {image.library->entries()[call.kernel].kernel, &image.names[call.kernel]};
}

}  // namespace gluster::runner
