#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <gluster/gluster.hpp>

#include "commands.hpp"
#include "items_out.hpp"
#include "kernel_file.hpp"

namespace gluster::command {
namespace {

void show(const std::string& value, const KernelEntry& kernel, bool json, std::FILE* results) {
  const std::string& type = kernel.signature->result.text;
  if (type == "void" && !json) return;
  fmt::print(results, "{}\n", json ? value : plain_value(value, type));
  if (std::fflush(results) != 0) throw Error(fmt::format("cannot write the value: {}", std::strerror(errno)));
}

}  // namespace

int call(const Command& command, CallWords words) {
  if (words.words.empty()) throw UsageError("which function? gluster call FILE:FUNCTION ARGUMENTS");
  const Target target = target_of(words.words[0]);
  words.words.erase(words.words.begin());
  const KernelFile file(target.file, Options::from_environment());
  const KernelEntry& kernel = file.find(target.function);
  const std::vector<std::string> arguments = json_of(words.words, kernel, 0);
  if (!command.is_master) return start(command, words.start);
  return gluster::launch(command.argc, command.argv, [&](Cluster& cluster) {
    return tell_errors([&] {
      std::FILE* results = take_stdout();
      cluster.import_functions(target.file);
      show(cluster.run_json(target.kernel(), arguments).get(), kernel, command.json, results);
      return 0;
    });
  });
}

}  // namespace gluster::command
