#include "data/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <zlib.h>

#include "base/log.hpp"

namespace gluster::data {
namespace {

constexpr std::string_view kMagic = "gluster log 1\n";
constexpr std::size_t kHead = sizeof(std::uint64_t) + sizeof(std::uint32_t);

[[noreturn]] void fail(const char* what, const std::filesystem::path& file, int reason) {
  throw Error(fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(reason)));
}

std::uint32_t checksum(std::uint64_t length, std::span<const std::byte> bytes) {
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&length), sizeof length);
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct Closing {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Stream = std::unique_ptr<std::FILE, Closing>;

bool take(std::FILE* file, void* into, std::size_t bytes) { return bytes == 0 || std::fread(into, 1, bytes, file) == bytes; }

// The records of an open file of `size` bytes.
class Records {
 public:
  Records(std::FILE* file, std::uint64_t size) : file_(file), size_(size) {}

  // Whether a whole one begins at `at`, where the file is read next; it is in record() then.
  bool read(std::uint64_t at) {
    std::uint64_t length = 0;
    std::uint32_t crc = 0;
    if (size_ - at < kHead || !take(file_, &length, sizeof length) || !take(file_, &crc, sizeof crc) || length > size_ - at - kHead) return false;
    record_.clear();
    return take(file_, record_.extend(length), length) && crc == checksum(length, record_);
  }
  std::span<const std::byte> record() const noexcept { return record_; }

  // At `at` is none: where the next whole one begins, which is read next. Nothing: there is none, as behind what a writer left that was killed.
  // Most often a bit of its bytes has changed, and its length still holds; else a length must be searched that is right.
  std::optional<std::uint64_t> next(std::uint64_t at) {
    const auto length = size_ - at < kHead ? std::nullopt : length_at(at);
    if (!length) return std::nullopt;
    if (*length <= size_ - at - kHead && is_whole(at + kHead + *length)) return go_to(at + kHead + *length);
    std::string window(std::size_t{1} << 20, '\0');
    for (std::uint64_t tried = 0; size_ - ++at >= kHead;) {
      window.resize(std::min<std::uint64_t>(window.size(), size_ - at));
      if (!go_to(at) || !take(file_, window.data(), window.size())) return std::nullopt;
      const std::uint64_t end = at + window.size() - kHead;
      for (const char* byte = window.data(); at <= end; ++at, ++byte) {
        std::uint64_t maybe = 0;
        std::memcpy(&maybe, byte, sizeof maybe);
        if (maybe > size_ - at - kHead) continue;
        if (is_whole(at)) return go_to(at);
        if ((tried += kHead + maybe) > kTriedAtMost) return std::nullopt;
      }
      --at;
    }
    return std::nullopt;
  }

 private:
  // Bytes: in a large record that was never whole, numbers look like lengths.
  static constexpr std::uint64_t kTriedAtMost = std::uint64_t{64} << 20;

  std::optional<std::uint64_t> go_to(std::uint64_t at) {
    return ::fseeko(file_, static_cast<off_t>(at), SEEK_SET) == 0 ? std::optional(at) : std::nullopt;
  }
  std::optional<std::uint64_t> length_at(std::uint64_t at) {
    std::uint64_t length = 0;
    return go_to(at) && take(file_, &length, sizeof length) ? std::optional(length) : std::nullopt;
  }
  bool is_whole(std::uint64_t at) { return go_to(at) && read(at); }

  std::FILE* file_;
  std::uint64_t size_;
  Bytes record_;
};

// The whole records of an open file of `size` bytes, from its beginning. A file that ends within its first line is a new one.
LogFile::Contents read_records(std::FILE* file, std::uint64_t size, const std::filesystem::path& path, const LogFile::Reader& each) {
  std::string magic(std::min<std::uint64_t>(size, kMagic.size()), '\0');
  if (!take(file, magic.data(), magic.size()) || !kMagic.starts_with(magic))
    throw DataError(fmt::format("{} is no journal of Gluster's", path.string()));
  if (magic.size() < kMagic.size()) return {0, size, 0};
  Records records(file, size);
  LogFile::Contents found{kMagic.size(), 0, 0};
  for (std::optional<std::uint64_t> at = found.end; at;) {
    if (!records.read(*at)) {
      at = records.next(*at);
      continue;
    }
    found.damaged += *at - found.end;
    each(records.record(), {*at + kHead, records.record().size()});
    found.end = *at + kHead + records.record().size();
    at = found.end;
  }
  found.left = size - found.end;
  return found;
}

std::uint64_t size_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail("read", path, errno);
  if (!S_ISREG(status.st_mode)) throw DataError(fmt::format("{} is no journal of Gluster's: it is no file", path.string()));
  return static_cast<std::uint64_t>(status.st_size);
}

// Reads through another descriptor of the same open file: its lock stays as it is.
LogFile::Contents read_from(int descriptor, const std::filesystem::path& path, const LogFile::Reader& each) {
  std::uint64_t size = size_of(descriptor, path);
  int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  Stream stream(copy < 0 ? nullptr : ::fdopen(copy, "rb"));
  if (!stream) {
    if (copy >= 0) ::close(copy);
    fail("read", path, errno);
  }
  std::rewind(stream.get());
  return read_records(stream.get(), size, path, each);
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int release() { return std::exchange(number, -1); }
};

// For as long as the open file is: unlike fcntl's older locks it is not lost when something else in this process closes the file.
bool try_lock(int descriptor) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

// So that a machine that loses power has the file's name too.
void save_name(const std::filesystem::path& path) {
  auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  Descriptor at{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (at.number >= 0) ::fsync(at.number);
}

}  // namespace

LogFile::Contents LogFile::read(const std::filesystem::path& file, const Reader& each) {
  Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (descriptor.number < 0) fail("read", file, errno);
  return read_from(descriptor.number, file, each);
}

bool LogFile::is_in_use(const std::filesystem::path& file) {
  Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (descriptor.number < 0 || ::fcntl(descriptor.number, F_OFD_GETLK, &lock) != 0) fail("look at the journal", file, errno);
  return lock.l_type != F_UNLCK;
}

std::unique_ptr<LogFile> LogFile::open(const std::filesystem::path& file, std::chrono::milliseconds patience, const Reader& each) {
  Descriptor descriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666)};
  if (descriptor.number < 0) fail("open the journal", file, errno);
  size_of(descriptor.number, file);
  for (auto deadline = std::chrono::steady_clock::now() + patience; !try_lock(descriptor.number);) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) fail("lock the journal", file, errno);
    if (std::chrono::steady_clock::now() >= deadline) return nullptr;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  Contents found = read_from(descriptor.number, file, each);
  return std::unique_ptr<LogFile>(new LogFile(file, descriptor.release(), found));
}

LogFile::LogFile(std::filesystem::path path, int descriptor, Contents found)
    : path_(std::move(path)), descriptor_(descriptor), found_(found), end_(found.end), writer_([this] { run(); }) {}

LogFile::~LogFile() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wanted_.notify_all();
  writer_.join();
  ::close(descriptor_);
}

void LogFile::throw_error() const {
  if (!error_.empty()) throw Error(error_);
}

std::uint64_t LogFile::append(std::span<const std::byte> record) {
  std::uint64_t length = record.size();
  std::uint32_t crc = checksum(length, record);
  std::uint64_t number;
  bool first;
  {
    std::lock_guard lock(mutex_);
    throw_error();
    first = pending_.size() == 0;
    pending_.append(&length, sizeof length);
    pending_.append(&crc, sizeof crc);
    pending_.append(record.data(), record.size());
    number = ++added_;
  }
  if (first) wanted_.notify_all();
  return number;
}

std::uint64_t LogFile::saved() const {
  std::lock_guard lock(mutex_);
  throw_error();
  return saved_;
}

void LogFile::hurry() {
  {
    std::lock_guard lock(mutex_);
    if (pending_.size() == 0) return;
    hurry_ = true;
  }
  wanted_.notify_all();
}

void LogFile::flush() {
  hurry();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return saved_ == added_ || !error_.empty(); });
  throw_error();
}

// A group is what comes within kGroup of its first record, or until somebody is in a hurry.
void LogFile::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return stop_ || pending_.size() != 0; });
    if (pending_.size() == 0) return;
    wanted_.wait_for(lock, kGroup, [&] { return stop_ || hurry_; });
    hurry_ = false;
    Bytes group = std::exchange(pending_, Bytes());
    std::uint64_t number = added_;
    lock.unlock();
    std::string error;
    try {
      write(group);
    } catch (const Error& failure) {
      error = failure.what();
    }
    lock.lock();
    if (error.empty()) {
      saved_ = number;
    } else {
      error_ = std::move(error);
      pending_.clear();
    }
    done_.notify_all();
    if (!told_) continue;
    lock.unlock();
    try {
      told_();
    } catch (const std::exception& failure) {
      base::log().error("nobody could be told of the journal {}: {}", path_.string(), failure.what());
    }
    lock.lock();
  }
}

// What stands behind the last whole record is cut off before something is written there, and when it could not be written whole.
void LogFile::write(std::span<const std::byte> bytes) {
  std::uint64_t at = end_;
  auto put = [&](std::span<const std::byte> rest) {
    while (!rest.empty()) {
      ssize_t count = ::pwrite(descriptor_, rest.data(), rest.size(), static_cast<off_t>(at));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      rest = rest.subspan(static_cast<std::size_t>(count));
      at += static_cast<std::uint64_t>(count);
    }
    return true;
  };
  bool is_new = end_ == 0;
  if (::ftruncate(descriptor_, static_cast<off_t>(end_)) == 0 && (!is_new || put(std::as_bytes(std::span(kMagic)))) && put(bytes) &&
      ::fdatasync(descriptor_) == 0) {
    end_ = at;
    if (is_new) save_name(path_);
    return;
  }
  int reason = errno;
  if (::ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) reason = errno;
  throw Error(fmt::format("cannot write the journal {}: {}; what it had before is in it", path_.string(), std::strerror(reason)));
}

namespace {

std::string read_at(int descriptor, const std::filesystem::path& path, LogFile::Place place) {
  std::string bytes(place.bytes, '\0');
  for (std::uint64_t got = 0; got < place.bytes;) {
    ssize_t count = ::pread(descriptor, bytes.data() + got, place.bytes - got, static_cast<off_t>(place.offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read the journal", path, errno);
    if (count == 0) throw DataError(fmt::format("{} has become shorter while it was read", path.string()));
    got += static_cast<std::uint64_t>(count);
  }
  return bytes;
}

}  // namespace

std::string LogFile::read(Place place) const { return read_at(descriptor_, path_, place); }

std::string LogFile::read(const std::filesystem::path& file, Place place) {
  Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (descriptor.number < 0) fail("read", file, errno);
  return read_at(descriptor.number, file, place);
}

}  // namespace gluster::data
