#include "known.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "data/journal.hpp"

namespace gluster::command {

std::int64_t known_in(const std::string& journal) {
  std::error_code reason;
  if (journal.empty()) return 0;
  const auto directory = std::filesystem::absolute(journal).parent_path();
  if (!std::filesystem::is_directory(directory, reason))
    throw UsageError(fmt::format("{} cannot be made: there is no directory {}", journal, directory.string()));
  if (!std::filesystem::exists(journal, reason)) return 0;
  try {
    std::int64_t known = 0;
    for (const data::MapRecords& map : data::read_journal(journal).maps) known += static_cast<std::int64_t>(map.values.size());
    return known;
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace gluster::command
