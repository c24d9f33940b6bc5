#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include <gluster/bytes.hpp>

namespace gluster::data {

// A file that only grows, by records: each is there whole or not at all, whatever happens to the process or to the machine.
//
//     file    = "gluster log 1\n" record*
//     record  = its length (u64), CRC-32 of length and bytes (u32), its bytes
//
// One process at a time writes to it, and holds a lock that goes with it. What stands behind the last whole record was left of one by a writer that was
// killed: readers stop there, and the next writer cuts it off before it adds anything. What is no whole record before it has been damaged later: it is passed over, and stays.
class LogFile {
 public:
  struct Place {
    std::uint64_t offset = 0, bytes = 0;  // of a record's bytes in the file
  };
  using Reader = std::function<void(std::span<const std::byte> record, Place place)>;

  // What a file had when it was read.
  struct Contents {
    std::uint64_t end = 0;      // of the last whole record
    std::uint64_t left = 0;     // bytes behind it
    std::uint64_t damaged = 0;  // bytes before it that are of none
  };
  // Reads what is there; also while another process writes. Throws DataError where it is no such file, Error where it cannot be read.
  static Contents read(const std::filesystem::path& file, const Reader& each);

  // Whether somebody has it open to add to it. Throws Error where that cannot be asked.
  static bool is_in_use(const std::filesystem::path& file);

  // To add to it; it is made when there is none. Waits for another writer as long as `patience`, and is null when that one is still there. Nothing is changed in the file before
  // the first append(). Throws as read() does.
  static std::unique_ptr<LogFile> open(const std::filesystem::path& file, std::chrono::milliseconds patience, const Reader& each);
  // Returns when all that was added is on disk, or cannot be.
  ~LogFile();
  LogFile(const LogFile&) = delete;

  // Called on the writer's thread when more is on disk, and when that has failed. To be set before the first append().
  void on_disk(std::function<void()> told) { told_ = std::move(told); }

  // Adds a record and returns how many have been added since open(), this one included. It goes to the disk with others, after kGroup at the latest. Any thread; throws Error once
  // the disk has refused something: what came since the last group is not in the file then.
  std::uint64_t append(std::span<const std::byte> record);
  // How many of them are on disk. Throws what the disk said.
  std::uint64_t saved() const;
  // What has been added need not wait for more.
  void hurry();
  // Waits until all of it is on disk. Throws what the disk said.
  void flush();

  // A record's bytes again; of a file that nobody need own.
  std::string read(Place place) const;
  static std::string read(const std::filesystem::path& file, Place place);
  const std::filesystem::path& path() const noexcept { return path_; }
  const Contents& found() const noexcept { return found_; }

  static constexpr std::chrono::milliseconds kGroup{50};

 private:
  LogFile(std::filesystem::path path, int descriptor, Contents found);
  void run();
  void write(std::span<const std::byte> bytes);
  void throw_error() const;

  const std::filesystem::path path_;
  const int descriptor_;
  const Contents found_;
  std::uint64_t end_;  // of what is on disk; the writer's
  std::function<void()> told_;

  mutable std::mutex mutex_;  // for what follows
  std::condition_variable wanted_, done_;
  Bytes pending_;
  std::uint64_t added_ = 0, saved_ = 0;
  bool hurry_ = false, stop_ = false;
  std::string error_;  // empty: none
  std::thread writer_;
};

}  // namespace gluster::data
