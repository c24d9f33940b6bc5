#include "data/journal.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/log.hpp"

namespace gluster::data {
namespace {

// A record: bytes of the frame's body and number of its segments (u64 each: the body stays aligned), the body, the segments.
struct RecordHead {
  std::uint64_t body, segments;
};

Bytes flat(Encoder& frame) {
  frame.close();
  Bytes record;
  RecordHead head{frame.body.size(), frame.segments.size()};
  record.append(&head, sizeof head);
  record.append(frame.body.data(), frame.body.size());
  for (const Segment& segment : frame.segments) record.append(segment.data, segment.bytes);
  return record;
}

// A record as the frame that it was.
class Frame {
 public:
  explicit Frame(std::span<const std::byte> record) {
    RecordHead head;
    if (record.size() < sizeof head) Decoder::malformed("an early end");
    std::memcpy(&head, record.data(), sizeof head);
    record = record.subspan(sizeof head);
    if (head.body > record.size()) Decoder::malformed("an early end");
    in_.start(record.first(head.body), head.segments);
    rest_ = record.subspan(head.body);
    if (in_.segment_bytes() != rest_.size()) Decoder::malformed("segments of other sizes than it names");
    kind_ = in_.get<Entry>();
  }
  Entry kind() const noexcept { return kind_; }
  Decoder& in() noexcept { return in_; }
  // What was opened becomes whole.
  void fetch() {
    std::size_t at = 0;
    for (const Place& place : in_.places) {
      if (place.bytes > rest_.size() - at) Decoder::malformed("an early end");
      if (place.data != nullptr) std::memcpy(place.data, rest_.data() + at, place.bytes);
      at += place.bytes;
    }
    in_.finish();
  }
  template <class T>
  T whole() {
    T value;
    read(value);
    fetch();
    return value;
  }
  // What a value's record begins with; the value itself is next.
  ValueHead value_head() {
    ValueHead head;
    read(head);
    return head;
  }

 private:
  template <class T>
  void read(T& value) {
    std::apply([&](auto&... field) { (detail::decode(in_, field), ...); }, value.fields());
  }

  Decoder in_;
  std::span<const std::byte> rest_;
  Entry kind_{};
};

// `out` borrows from `value`.
template <class T>
void put(Entry kind, T& value, Encoder& out) {
  out.put(kind);
  std::apply([&](const auto&... field) { (detail::encode(out, field), ...); }, value.fields());
}
template <class T>
Bytes record_of(Entry kind, T value) {
  Encoder out;
  put(kind, value, out);
  return flat(out);
}

// Makes Records of a file's records, one after the other.
class Gathering {
 public:
  explicit Gathering(const std::filesystem::path& file) : file_(&file) {}
  void operator()(std::span<const std::byte> record, LogFile::Place place) {
    try {
      add(record, place);
    } catch (const DataError& error) {
      throw DataError(fmt::format("{} was written by another version of Gluster, or is damaged: {}", file_->string(), error.what()));
    }
  }
  Records finish(LogFile::Contents contents) {
    records_.contents = contents;
    for (MapRecords& map : records_.maps) {
      auto& all = map.values;
      std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
      all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index == b.index; }), all.end());
    }
    return std::move(records_);
  }

 private:
  void add(std::span<const std::byte> record, LogFile::Place place) {
    Frame frame(record);
    switch (frame.kind()) {
      case Entry::kOpened:
        records_.opened.push_back(frame.whole<Opened>());
        records_.closed.reset();
        return;
      case Entry::kMap: records_.maps.push_back({frame.whole<MapHead>(), {}, {}}); return;
      case Entry::kValue: {
        ValueHead head = frame.value_head();
        map(head.map).values.push_back({head.index, head.input, place});
        return;
      }
      case Entry::kProgress: {
        auto progress = frame.whole<Progress>();
        map(progress.map).progress = progress;
        return;
      }
      case Entry::kClosed: records_.closed = frame.whole<Closed>(); return;
    }
    Decoder::malformed("an entry of a kind that this version does not know");
  }
  MapRecords& map(std::uint32_t number) {
    if (number >= records_.maps.size()) Decoder::malformed("an entry of a map that it does not name");
    return records_.maps[number];
  }

  const std::filesystem::path* file_;
  Records records_;
};

// What is wrong with a map, where the file has `had` in its place.
std::string difference(const MapHead& had, const MapHead& now) {
  if (had.kernel != now.kernel) return fmt::format("it is of {}, and this is {}", had.kernel, now.kernel);
  if (had.signature != now.signature) return fmt::format("{} was {}, and is {} now", had.kernel, had.signature, now.signature);
  if (had.version != now.version) return fmt::format("it is of another version of {}: its code has changed since", had.kernel);
  if (had.items != now.items) return fmt::format("it is of {} items of {}, and these are {}", had.items, had.kernel, now.items);
  return fmt::format("it is of other inputs of {}", had.kernel);
}

std::string owner_of(const std::filesystem::path& file) {
  try {
    Records records = read_journal(file);
    if (!records.opened.empty()) return fmt::format("process {} on {}", records.opened.back().pid, records.opened.back().host);
  } catch (const Error&) {  // it is just being made
  }
  return "another process";
}

}  // namespace

Records read_journal(const std::filesystem::path& file) {
  Gathering gathering(file);
  return gathering.finish(LogFile::read(file, std::ref(gathering)));
}

void open_value(const std::string& record, const std::function<void(Decoder&)>& open) {
  Frame frame(std::as_bytes(std::span(record)));
  if (frame.kind() != Entry::kValue) Decoder::malformed("no value");
  frame.value_head();
  open(frame.in());
  frame.fetch();
}

std::shared_ptr<Journal> Journal::open(const std::filesystem::path& file, Opened self, std::chrono::milliseconds patience) {
  Gathering gathering(file);
  auto log = LogFile::open(file, patience, std::ref(gathering));
  if (!log)
    throw UsageError(
        fmt::format("the journal {} is in use by {}: let that run end, or give this one a journal of its own", file.string(), owner_of(file)));
  const LogFile::Contents found = log->found();
  if (found.damaged != 0)
    base::log().warn("the journal {} is damaged: {} bytes in its middle are passed over, and what they held is run again", file.string(),
                     found.damaged);
  return std::shared_ptr<Journal>(new Journal(std::move(log), gathering.finish(found), std::move(self)));
}

Journal::Journal(std::unique_ptr<LogFile> log, Records records, Opened self)
    : log_(std::move(log)), found_(std::move(records)), self_(std::move(self)) {
  log_->on_disk([this] { tell(); });
}

std::shared_ptr<MapJournal> Journal::next_map(const MapHead& head) {
  std::lock_guard lock(mutex_);
  const std::uint32_t number = maps_;
  bool is_new = number >= found_.maps.size();
  if (!is_new && found_.maps[number].head != head)
    throw UsageError(fmt::format("the journal {} is not of this {}: {}; give this run a journal of its own", log_->path().string(),
                                 number == 0 ? "map" : "program's maps", difference(found_.maps[number].head, head)));
  if (!std::exchange(begun_, true)) {
    log_->append(record_of(Entry::kOpened, self_));
    log_->hurry();  // so that others see whose it is
  }
  if (is_new) log_->append(record_of(Entry::kMap, head));
  ++maps_;
  return std::make_shared<MapJournal>(shared_from_this(), number, is_new ? MapRecords{head, {}, {}} : std::move(found_.maps[number]));
}

void Journal::close(const std::string& why) {
  std::lock_guard lock(mutex_);
  if (begun_) log_->append(record_of(Entry::kClosed, Closed{why}));
  log_->flush();
}

void Journal::on_disk(std::function<bool()> told) {
  std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(std::move(told));
}

void Journal::tell() {
  std::lock_guard lock(listeners_mutex_);
  std::erase_if(listeners_, [](const auto& told) { return !told(); });
}

MapJournal::MapJournal(std::shared_ptr<Journal> journal, std::uint32_t number, MapRecords known)
    : journal_(std::move(journal)), number_(number), known_(std::move(known)) {
  for (const auto& value : known_.values) {
    if (!runs_.empty() && runs_.back().first + runs_.back().count == value.index) {
      ++runs_.back().count;
      continue;
    }
    std::uint64_t known_below = static_cast<std::uint64_t>(&value - known_.values.data());
    runs_.push_back({value.index, 1, value.index - known_below});
  }
}

const MapRecords::Value* MapJournal::find(std::uint64_t index) const {
  auto at = std::lower_bound(known_.values.begin(), known_.values.end(), index,
                             [](const auto& value, std::uint64_t wanted) { return value.index < wanted; });
  return at == known_.values.end() || at->index != index ? nullptr : &*at;
}

// Before a run there are `before` that are missing: what has as many before it or more lies behind the run.
std::uint64_t MapJournal::missing(std::uint64_t position) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), position, [](std::uint64_t wanted, const Run& run) { return wanted < run.before; });
  if (after == runs_.begin()) return position;
  const Run& run = *std::prev(after);
  return run.first + run.count + (position - run.before);
}

void MapJournal::open(const MapRecords::Value& value, const std::function<void(Decoder&)>& open) const {
  open_value(journal_->log().read(value.place), open);
}

std::uint64_t MapJournal::add(std::uint64_t index, std::uint64_t input, int attempt, const std::function<void(Encoder&)>& encode) {
  Encoder out;
  ValueHead head{number_, index, input, attempt};
  put(Entry::kValue, head, out);
  encode(out);
  return journal_->log().append(flat(out));
}

void MapJournal::add(Progress progress) {
  progress.map = number_;
  journal_->log().append(record_of(Entry::kProgress, std::move(progress)));
}

}  // namespace gluster::data
