#include "base/copy.hpp"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "base/cores.hpp"

namespace gluster::base {
namespace {

constexpr std::size_t kLeastPart = std::size_t{8} << 20;  // takes 0.5 ms; a thread more, a tenth of that
constexpr std::size_t kMostParts = 4;                     // kernels may have the other cores

std::size_t parts_of(std::size_t bytes) {
  const std::size_t most = std::min(kMostParts, bytes / kLeastPart);
  if (most < 2) return 1;
  const cpu_set_t allowed = allowed_processors();
  return std::min(most, static_cast<std::size_t>(std::max(CPU_COUNT(&allowed), 1)));
}

}  // namespace

void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  const std::size_t part = bytes / parts_of(bytes);
  std::vector<std::jthread> others;
  try {
    for (; bytes >= 2 * part && part != 0; bytes -= part) others.emplace_back([=] { std::memcpy(to + bytes - part, from + bytes - part, part); });
  } catch (const std::system_error&) {  // no more threads for this user: the rest is copied here
  }
  if (bytes != 0) std::memcpy(to, from, bytes);
}

}  // namespace gluster::base
