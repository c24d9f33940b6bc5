#pragma once
#include <memory>
#include <string_view>

#include <spdlog/spdlog.h>

namespace gluster::base {

// The library's own messages, on stderr: `gluster: warning: ...`. Thread-safe. spdlog's registry holds it.
spdlog::logger& log();

// Throws UsageError for what is not a level.
void set_log_level(std::string_view level);

}  // namespace gluster::base
