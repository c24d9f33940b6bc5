#include "hosts.hpp"

#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/process.hpp"

namespace gluster::command {
namespace {

bool has_address(const std::string& host) {
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found);
  if (error == 0) ::freeaddrinfo(found);
  return error != EAI_NONAME && error != EAI_NODATA;  // others: nobody could be asked
}

bool is_this(const std::string& host) {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && host == name.data();
}

// ssh may know it by another name, or somebody on the way to it does (~/.ssh/config).
bool is_known_to_ssh(const std::string& host) {
  base::Ended ended;
  try {
    ended = base::run_program({"ssh", "-G", "--", host});
  } catch (const Error&) {  // no ssh
    return false;
  }
  if (ended.status != 0) return false;
  std::smatch name;
  return std::regex_search(ended.output, std::regex("(^|\n)proxy(jump|command) (?!none)")) ||
         (std::regex_search(ended.output, name, std::regex("(^|\n)hostname ([^\n]+)")) && name[2] != host && has_address(name[2]));
}

}  // namespace

void expect_known(const std::vector<std::string>& hosts) {
  for (const char* agent : {"OMPI_MCA_plm_rsh_agent", "PRTE_MCA_plm_ssh_agent"})
    if (std::getenv(agent) != nullptr) return;
  const auto unknown = std::find_if(hosts.begin(), hosts.end(),
                                    [](const std::string& host) { return !is_this(host) && !has_address(host) && !is_known_to_ssh(host); });
  if (unknown != hosts.end()) throw UsageError(fmt::format("--hosts: nobody here knows a host {}", unknown->empty() ? "''" : *unknown));
}

}  // namespace gluster::command
