#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace gluster::base {

// All of these throw gluster::Error with the file's name and the system's reason.

std::string read_file(const std::filesystem::path& file);

// The file appears whole or not at all: written under another name beside it, then renamed.
void write_file(const std::filesystem::path& file, std::span<const char> bytes);

// Makes `directory` (mode 0700) if need be; throws when it is not the caller's own, or open to others' writing.
void make_private(const std::filesystem::path& directory);

// A name beside `file` that nobody else has.
std::filesystem::path temporary_name(const std::filesystem::path& file);

// Held by one process at a time; waits for it. Released with the object, or with the process.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace gluster::base
