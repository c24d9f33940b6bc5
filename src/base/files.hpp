#pragma once
#include <cstdint>
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

// Whether what lies there may be loaded: not where its file system is mounted noexec. True where nobody knows.
bool may_execute(const std::filesystem::path& file);

// A name beside `file` that nobody else has.
std::filesystem::path temporary_name(const std::filesystem::path& file);

// A new file that has no name until it is whole, so that nothing of it is left by a process that is killed. Where the file system has no such files (O_TMPFILE; NFS), or who writes it needs a name, it has a
// temporary one beside its own until then.
class Unnamed {
 public:
  // To become `file`, whose directory is there. Its mode is that of any new file.
  explicit Unnamed(std::filesystem::path file, bool needs_a_name = false);
  ~Unnamed();
  Unnamed(const Unnamed&) = delete;
  // What to open to write it, in this process.
  std::filesystem::path path() const;
  // From now on as much of it can be written without the disk being full, where the file system knows how to promise that. Throws Error.
  void reserve(std::uint64_t bytes);
  // On disk, under its own name from now on; what had that name is replaced, or else is an error.
  void name_it(bool replace);

 private:
  void forget();

  const std::filesystem::path file_;
  std::filesystem::path temporary_;  // empty: it has no name
  int descriptor_;
};

// The temporary names that Unnamed has at this moment, where this process ends without its destructors: they would be left.
void remove_unnamed() noexcept;

// Of a file that a process of this host was killed over: temporary ones beside it. (Told by their names, which have its pid: a lock would be in HDF5's way on NFS.)
void remove_leftovers(const std::filesystem::path& file);

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
