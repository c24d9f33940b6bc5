#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gluster::base {

// SHA-256 in lower-case hexadecimal.
std::string sha256(std::span<const char> bytes);

}  // namespace gluster::base
