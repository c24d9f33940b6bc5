// For tests of the whole system: GoogleTest runs on the master, inside gluster::launch; the other ranks are its runners.
#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include <gluster/gluster.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures/comes_true.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {

// The running launch's; on_master.cpp sets it ahead of the tests.
Cluster& cluster();

// A plugin of /kernels or of tests/system/kernels, built: kernel("faulty").
inline std::filesystem::path kernel(const std::string& name) {
  std::string file = "lib" + name + ".so";
  std::filesystem::path own = std::filesystem::path(GLUSTER_SYSTEM_KERNELS) / file;
  return std::filesystem::exists(own) ? own : std::filesystem::path(GLUSTER_KERNELS) / file;
}

// Holds the kernel gate.passes until it is opened, or gone: so a test that fails holds nobody up.
class Gate {
 public:
  std::string path() const { return (directory_ / "gate").string(); }
  void open() const { std::ofstream(path()) << "open\n"; }
  // How many calls are or were inside.
  std::size_t inside() const {
    std::size_t count = 0;
    for (const std::string& name : directory_.names()) count += name.starts_with("inside");
    return count;
  }
  bool reached_by(std::size_t calls) const {
    return comes_true([&] { return inside() >= calls; });
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace gluster::tests
