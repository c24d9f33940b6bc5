#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

#include <string>

#include <fmt/format.h>
#include <gluster/error.hpp>

namespace gluster::base {

spdlog::logger& log() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("gluster", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("gluster: %l: %v");
    made->set_level(spdlog::level::warn);
    return made;
  }();
  return *logger;
}

void set_log_level(std::string_view level) {
  auto wanted = spdlog::level::from_str(std::string(level));
  if (wanted == spdlog::level::off && level != "off")
    throw UsageError(fmt::format("log level '{}' is none of trace, debug, info, warn, error, off", level));
  log().set_level(wanted);
}

}  // namespace gluster::base
