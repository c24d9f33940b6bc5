#pragma once
#include <cstdint>
#include <string>

#include <gluster/signature.hpp>

namespace gluster {

// A kernel as the master knows it. Lives as long as its cluster.
struct KernelEntry {
  std::string name;  // stem.function
  std::uint32_t image = 0;
  std::uint32_t number = 0;  // in the image
  const Signature* signature = nullptr;
  std::string documentation;
  std::vector<std::string> parameters;
  const struct Kernel* code = nullptr;  // in this process
  std::string version = {};             // digest of its source, or of the object that was built
};

}  // namespace gluster
