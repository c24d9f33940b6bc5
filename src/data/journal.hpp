#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gluster/codec.hpp>

#include "data/log_file.hpp"

// What is kept of a program's maps, so that its next start runs only what is missing. A record of the log begins with its kind:
//
//     opened    a process begins to write
//     map       the program's next map: of which kernel, over what
//     value     of one item of a map
//     progress  how far a map is: for who looks on
//     closed    the process ended in order
//
// A map of a program is told by its place among all of them: the first map of the next start is the first one of the file, or it is refused.
namespace gluster::data {

enum class Entry : std::uint8_t { kOpened = 1, kMap = 2, kValue = 3, kProgress = 4, kClosed = 5 };

struct Opened {
  std::string host, program;
  std::int64_t pid = 0;
  std::int64_t when = 0;  // seconds since 1970
  auto fields() { return std::tie(host, program, pid, when); }
};

struct MapHead {
  std::string kernel;     // stem.function
  std::string signature;  // of the kernel
  std::string version;    // of its code: another text, another version
  std::string inputs;     // a digest of all items and of what they have in common; of a range that can be read only once, of the latter alone
  std::int64_t items = -1;
  auto fields() { return std::tie(kernel, signature, version, inputs, items); }
  bool operator==(const MapHead&) const = default;
};

struct ValueHead {
  std::uint32_t map = 0;
  std::uint64_t index = 0;
  std::uint64_t input = 0;  // the beginning of its own digest, where MapHead::inputs does not have it
  std::int32_t attempt = 1;
  auto fields() { return std::tie(map, index, input, attempt); }
};

struct Progress {
  std::uint32_t map = 0;
  std::uint64_t done = 0, failed = 0;  // since the file was made
  double seconds = 0;                  // since this process opened it
  std::string runners;                 // a line each
  auto fields() { return std::tie(map, done, failed, seconds, runners); }
};

struct Closed {
  std::string why;
  auto fields() { return std::tie(why); }
};

// What is known of a map when its file has been read.
struct MapRecords {
  struct Value {
    std::uint64_t index, input;
    LogFile::Place place;
  };
  MapHead head;
  std::vector<Value> values;  // by index in order, each once
  Progress progress;          // the last
};
struct Records {
  std::vector<Opened> opened;
  std::vector<MapRecords> maps;
  std::optional<Closed> closed;  // by the last that opened it
  LogFile::Contents contents;
};

// Without owning it, also while it grows. Throws as LogFile::read does, and DataError for a file of another version.
Records read_journal(const std::filesystem::path& file);

// Calls `open` with a Decoder that stands at the value which lies in a record; what it opened is whole when this returns. Throws DataError.
void open_value(const std::string& record, const std::function<void(Decoder&)>& open);

class MapJournal;

// A file that a process adds to. Thread-safe.
class Journal : public std::enable_shared_from_this<Journal> {
 public:
  static constexpr std::chrono::milliseconds kPatience{5000};

  // Throws UsageError, which names process and host, where another one has it for longer than `patience`; DataError and Error as read_journal.
  static std::shared_ptr<Journal> open(const std::filesystem::path& file, Opened self, std::chrono::milliseconds patience = kPatience);

  // The program's next map. Throws UsageError where the file has another one in its place; then it stays as it is.
  std::shared_ptr<MapJournal> next_map(const MapHead& head);
  // The last word. Throws what the disk says.
  void close(const std::string& why);
  // On its own thread, whenever more is on disk, or nothing more can be; until it says false.
  void on_disk(std::function<bool()> told);

  LogFile& log() noexcept { return *log_; }

 private:
  Journal(std::unique_ptr<LogFile> log, Records records, Opened self);
  void tell();

  std::mutex listeners_mutex_;
  std::vector<std::function<bool()>> listeners_;  // outlive the log, which calls them
  std::unique_ptr<LogFile> log_;
  std::mutex mutex_;  // for what follows
  Records found_;
  Opened self_;
  bool begun_ = false;  // something has been added
  std::uint32_t maps_ = 0;
};

// One map's part of it: what it had when it was opened, which does not change, and what is added.
class MapJournal {
 public:
  MapJournal(std::shared_ptr<Journal> journal, std::uint32_t number, MapRecords known);

  const std::vector<MapRecords::Value>& known() const noexcept { return known_.values; }
  // Of the items that it had not, in order, the one at `position`.
  std::uint64_t missing(std::uint64_t position) const;
  // As open_value does.
  void open(const MapRecords::Value& value, const std::function<void(Decoder&)>& open) const;
  // nullptr: it has it not.
  const MapRecords::Value* find(std::uint64_t index) const;

  // `encode` writes the value. Returns a number to wait for: it is on disk when saved() is not below it. Throws as LogFile::append does.
  std::uint64_t add(std::uint64_t index, std::uint64_t input, int attempt, const std::function<void(Encoder&)>& encode);
  std::uint64_t saved() const { return journal_->log().saved(); }
  void add(Progress progress);
  Journal& journal() noexcept { return *journal_; }

 private:
  struct Run {
    std::uint64_t first, count;
    std::uint64_t before;  // items missing below it
  };

  const std::shared_ptr<Journal> journal_;
  const std::uint32_t number_;
  const MapRecords known_;
  std::vector<Run> runs_;  // of neighbours that are known
};

}  // namespace gluster::data
