#include "base/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/host.hpp"
#include "base/process.hpp"

namespace gluster::base {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& file, int reason) {
  throw Error(fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(reason)));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags, const char* what) : number_(::open(file.c_str(), flags | O_CLOEXEC, 0600)) {
    if (number_ < 0) fail(what, file, errno);
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  operator int() const { return number_; }

 private:
  int number_;
};

void write_all(int descriptor, std::span<const char> bytes, const std::filesystem::path& file) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", file, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// Names that Unnamed has at the moment.
struct Temporaries {
  std::mutex mutex;
  std::set<std::string> names;
};
Temporaries& temporaries() {
  static auto* all = new Temporaries;  // never gone: it is asked for when a process ends
  return *all;
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  Descriptor descriptor(file, O_RDONLY | O_NONBLOCK, "read");  // of a pipe that nobody writes to too
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail("read", file, errno);
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("cannot read {}: it is not a file", file.string()));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    ssize_t count = ::read(descriptor, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", file, errno);
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  bytes.resize(at);
  return bytes;
}

bool may_execute(const std::filesystem::path& file) {
  struct statvfs its {};
  return ::statvfs(file.c_str(), &its) != 0 || (its.f_flag & ST_NOEXEC) == 0;
}

std::filesystem::path temporary_name(const std::filesystem::path& file) {
  // Not by host and pid alone: containers may have the same ones, and what a process that was killed left may still be there.
  static const std::uint64_t process = std::uint64_t{std::random_device()()} << 32 | std::random_device()();
  static std::atomic<unsigned> count = 0;
  return fmt::format("{}.{}-{}-{:016x}-{}.tmp", file.string(), host_name(), ::getpid(), process, count++);
}

void write_file(const std::filesystem::path& file, std::span<const char> bytes) {
  std::filesystem::path temporary = temporary_name(file);
  try {
    {
      Descriptor descriptor(temporary, O_WRONLY | O_CREAT | O_TRUNC, "write");
      write_all(descriptor, bytes, file);
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) fail("write", file, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void remove_leftovers(const std::filesystem::path& file) {
  const std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const std::string begin = fmt::format("{}.{}-", file.filename().string(), host_name());
  std::error_code reason;
  for (const auto& entry : std::filesystem::directory_iterator(directory, reason)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(".tmp")) continue;
    const int process = std::atoi(name.c_str() + begin.size());
    if (process > 0 && has_ended(process)) ::unlink(entry.path().c_str());
  }
}

Unnamed::Unnamed(std::filesystem::path file, bool needs_a_name) : file_(std::move(file)) {
  const std::filesystem::path directory = file_.has_parent_path() ? file_.parent_path() : std::filesystem::path(".");
  descriptor_ = needs_a_name ? -1 : ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return;
  remove_leftovers(file_);
  temporary_ = temporary_name(file_);
  {
    std::lock_guard lock(temporaries().mutex);
    temporaries().names.insert(temporary_.string());
  }
  descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return;
  const int reason = errno;
  forget();
  fail("make", file_, reason);
}

Unnamed::~Unnamed() {
  ::close(descriptor_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget();
}

void Unnamed::forget() {
  std::lock_guard lock(temporaries().mutex);
  temporaries().names.erase(temporary_.string());
}

void remove_unnamed() noexcept {
  std::lock_guard lock(temporaries().mutex);
  for (const std::string& name : temporaries().names) ::unlink(name.c_str());
}

std::filesystem::path Unnamed::path() const {
  if (!temporary_.empty()) return temporary_;
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

void Unnamed::reserve(std::uint64_t bytes) {
  if (::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) fail("write", file_, errno);
}

void Unnamed::name_it(bool replace) {
  struct stat its {};
  if (::fstat(descriptor_, &its) != 0 || ::ftruncate(descriptor_, its.st_size) != 0) fail("write", file_, errno);  // what was reserved beyond its end
  if (::fsync(descriptor_) != 0) fail("write", file_, errno);
  // Only a link, and not a rename, is refused where another process has made the file meanwhile; only a rename replaces one.
  const std::filesystem::path link = replace ? temporary_name(file_) : file_;
  if (temporary_.empty()) {
    if (::linkat(AT_FDCWD, path().c_str(), AT_FDCWD, link.c_str(), AT_SYMLINK_FOLLOW) != 0) fail("write", file_, errno);
  } else if (::link(temporary_.c_str(), link.c_str()) != 0) {
    fail("write", file_, errno);
  }
  if (replace && ::rename(link.c_str(), file_.c_str()) != 0) {
    const int reason = errno;
    ::unlink(link.c_str());
    fail("write", file_, reason);
  }
  const std::filesystem::path directory = file_.has_parent_path() ? file_.parent_path() : std::filesystem::path(".");
  const int at = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return;
  ::fsync(at);  // the name too
  ::close(at);
}

void make_private(const std::filesystem::path& directory) {
  std::error_code reason;
  if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), reason);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) fail("make the directory", directory, errno);
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0) fail("use", directory, errno);
  if (!S_ISDIR(status.st_mode)) throw Error(fmt::format("cannot use {}: it is not a directory", directory.string()));
  if (status.st_uid != ::geteuid() || (status.st_mode & 022) != 0)
    throw Error(fmt::format("will not use {}: others could write into it", directory.string()));
}

FileLock::FileLock(const std::filesystem::path& file) : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) fail("lock", file, errno);
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    int reason = errno;
    ::close(descriptor_);
    fail("lock", file, reason);
  }
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace gluster::base
