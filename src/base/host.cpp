#include "base/host.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <string_view>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/room.hpp"

namespace gluster::base {
namespace {

// The text after `key` and a colon in a /proc file; empty when there is none.
std::string field(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::size_t from = line.find_first_not_of(" \t", line.find(':') + 1);
    return from == std::string::npos ? std::string() : line.substr(from);
  }
  return {};
}

std::uint64_t number_in(const std::string& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? number : std::numeric_limits<std::uint64_t>::max();
}

// What the control group leaves of its limit (version 2, then 1); the whole range where there is none.
std::uint64_t left_in_group() {
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    std::string path = line.substr(line.rfind(':') + 1);
    bool second = line.starts_with("0::");
    if (!second && line.find(":memory:") == std::string::npos) continue;
    std::string group = (second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + path + "/";
    std::uint64_t limit = number_in(group + (second ? "memory.max" : "memory.limit_in_bytes"));
    std::uint64_t used = number_in(group + (second ? "memory.current" : "memory.usage_in_bytes"));
    if (limit != std::numeric_limits<std::uint64_t>::max()) left = std::min(left, limit - std::min(limit, used));
  }
  return left;
}

}  // namespace

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string architecture() {
  utsname name{};
  ::uname(&name);
  return name.machine;
}

std::string operating_system() {
  utsname name{};
  ::uname(&name);
  return std::string(name.sysname) + " " + name.release;
}

std::string cpu_model() {
  std::string flags = field("/proc/cpuinfo", "flags");
  return field("/proc/cpuinfo", "model name") + " " + sha256(flags).substr(0, 8);
}

std::string program_path() {
  std::error_code reason;
  return std::filesystem::read_symlink("/proc/self/exe", reason).string();
}

std::uint64_t available_memory() {
  std::string text = field("/proc/meminfo", "MemAvailable");  // "123 kB"
  std::uint64_t kilobytes = std::strtoull(text.c_str(), nullptr, 10);
  return std::min(text.empty() ? std::numeric_limits<std::uint64_t>::max() : kilobytes * 1024, left_in_group());
}

bool has_room_for(std::uint64_t bytes) {
  constexpr std::uint64_t kWorthAsking = std::uint64_t{64} << 20;
  if (bytes < kWorthAsking) return true;
  static std::mutex mutex;
  static Room room;
  std::lock_guard lock(mutex);
  return room.grant(bytes, Room::Clock::now(), available_memory);
}

std::uint64_t resident_memory() { return resident_memory(::getpid()); }

std::uint64_t resident_memory(std::int64_t pid) {
  std::ifstream in(fmt::format("/proc/{}/statm", pid));
  std::uint64_t whole = 0, resident = 0;
  in >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

}  // namespace gluster::base
