#include <sstream>

#include <fmt/format.h>
#include <gluster/cluster.hpp>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "kernel_file.hpp"

namespace gluster::command {

int functions(const Command& command, const std::string& file) {
  std::error_code reason;
  if (!std::filesystem::is_regular_file(file, reason)) throw UsageError(fmt::format("there is no file {}", file));
  const KernelFile kernels(file, Options::from_environment());
  nlohmann::json list = nlohmann::json::array();
  for (const KernelInfo& kernel : kernels.all()) {
    if (command.json) {
      list.push_back(
          {{"name", kernel.name}, {"signature", kernel.signature}, {"parameters", kernel.parameters}, {"documentation", kernel.documentation}});
      continue;
    }
    std::string names, line;
    for (const std::string& name : kernel.parameters) names += (names.empty() ? "" : ", ") + name;
    fmt::print("{}  {}{}\n", kernel.name.substr(kernel.name.rfind('.') + 1), kernel.signature, names.empty() ? "" : "  " + names);
    for (std::istringstream lines(kernel.documentation); std::getline(lines, line);) fmt::print("    {}\n", line);
  }
  if (command.json) fmt::print("{}\n", list.dump(2));
  return 0;
}

}  // namespace gluster::command
