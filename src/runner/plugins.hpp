#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gluster/plugin.hpp>

#include "mpi/baton.hpp"
#include "plugin/shelf.hpp"
#include "wire/message.hpp"

namespace gluster::runner {

// A runner's plugins, by the master's numbers. Loads, writes and compiles: never with the baton held, but `find`.
class Plugins {
 public:
  // `self` is the program's own table; null in the generic runner.
  Plugins(plugin::Shelf& shelf, const Manifest* self, mpi::Baton& baton) : shelf_(&shelf), self_(self), baton_(&baton) {}

  // What to answer to an offer: kPluginReady when it is in the node's cache, in the file it came from, or in this program; else
  // kPluginWanted, or kPluginFailed.
  wire::Frame offered(const wire::Plugin& plugin, std::uint64_t number);
  // The same for the bytes that were wanted.
  wire::Frame received(const wire::PluginBytes& bytes, std::uint64_t number);

  struct Found {
    const Kernel* kernel;
    const std::string* name;  // stem.function
  };
  // With the baton held. Throws DataError when there is no such kernel here.
  Found find(const wire::CallHead& call) const;

 private:
  using Loaded = std::shared_ptr<const plugin::Library>;

  Loaded look_for(const wire::Plugin& plugin);
  Loaded in_program(const wire::Plugin& plugin) const;
  Loaded in_file(const wire::Plugin& plugin);
  bool can_use_object(const wire::Plugin& plugin) const;
  template <class F>
  wire::Frame answer(std::uint32_t image, std::uint64_t number, F&& load);
  void keep(std::uint32_t image, Loaded library);

  plugin::Shelf* shelf_;
  const Manifest* self_;
  std::map<std::uint32_t, wire::Plugin> offers_;
  struct Image {
    Loaded library;
    std::vector<std::string> names;  // of its kernels
  };
  mpi::Baton* baton_;
  std::deque<Image> images_;  // by the master's number; names do not move. Guarded by the baton
};

}  // namespace gluster::runner
