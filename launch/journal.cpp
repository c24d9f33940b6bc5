#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gluster/codec.hpp>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "data/journal.hpp"
#include "items_out.hpp"
#include "plugin/json.hpp"

namespace gluster::command {
namespace {

using Json = nlohmann::json;

// What stands before the parameters, which are in the last brackets and may have some of their own.
std::string result_of(const data::MapHead& head) {
  std::size_t at = head.signature.size();
  for (int depth = 0; at-- > 0;) {
    depth += (head.signature[at] == ')') - (head.signature[at] == '(');
    if (depth == 0) break;
  }
  return head.signature.substr(0, at);
}

Json describe(const data::MapRecords& map) {
  return {{"kernel", map.head.kernel},
          {"signature", map.head.signature},
          {"items", map.head.items},
          {"done", map.values.size()},
          {"failed", map.progress.failed}};
}

void show_text(const std::string& file, const data::Records& records) {
  if (records.opened.empty() && records.maps.empty() && records.contents.left == 0)
    return fmt::print("{}: empty; a start that names it begins it\n", file);
  fmt::print("{}: {} start{}\n", file, records.opened.size(), records.opened.size() == 1 ? "" : "s");
  for (const data::Opened& start : records.opened)
    fmt::print("  {:%Y-%m-%d %H:%M:%S}  process {} on {}: {}\n", fmt::localtime(static_cast<std::time_t>(start.when)), start.pid, start.host,
               start.program);
  for (const data::MapRecords& map : records.maps)
    fmt::print("{}  {}: {} of {} items\n", map.head.kernel, map.head.signature, map.values.size(),
               map.head.items < 0 ? "nobody knows how many" : std::to_string(map.head.items));
  if (records.contents.damaged != 0) fmt::print("{} bytes in its middle are damaged: what they held will be run again\n", records.contents.damaged);
  if (records.contents.left != 0) fmt::print("{} bytes at its end are half of a record, and will be cut off\n", records.contents.left);
  fmt::print("{}\n", records.closed ? records.closed->why : "the last start is still running, or was killed");
}

const data::MapRecords& choose(const data::Records& records, const ExportWords& words) {
  if (records.maps.empty()) throw UsageError(fmt::format("{} has no map in it", words.file));
  if (words.map > records.maps.size() || (words.map == 0 && records.maps.size() > 1))
    throw UsageError(fmt::format("{} has {} maps: --map 1 to {}", words.file, records.maps.size(), records.maps.size()));
  return records.maps[words.map == 0 ? 0 : words.map - 1];
}

// Of its items: as far as anybody knows.
std::uint64_t count_of(const data::MapRecords& map) {
  if (map.head.items >= 0) return static_cast<std::uint64_t>(map.head.items);
  std::uint64_t count = 0;
  for (const auto& value : map.values) count = std::max(count, value.index + 1);
  return count;
}

}  // namespace

int show_journal(const Command& command, const std::string& file) {
  const data::Records records = data::read_journal(file);
  if (!command.json) {
    show_text(file, records);
    return 0;
  }
  Json maps = Json::array(), starts = Json::array();
  for (const data::MapRecords& map : records.maps) maps.push_back(describe(map));
  for (const data::Opened& start : records.opened)
    starts.push_back({{"host", start.host}, {"pid", start.pid}, {"when", start.when}, {"program", start.program}});
  fmt::print("{}\n", Json{{"starts", starts}, {"maps", maps}, {"closed", records.closed ? Json(records.closed->why) : Json()}}.dump(2));
  return 0;
}

int export_journal(const ExportWords& words) {
  const data::Records records = data::read_journal(words.file);
  const data::MapRecords& map = choose(records, words);
  const std::string type = result_of(map.head);
  ItemsOut::check({words.out, words.force});
  std::error_code reason;
  if (std::filesystem::equivalent(words.file, words.out, reason))
    throw UsageError(fmt::format("{} is the journal: values want a file of their own", words.out));
  auto out = ItemsOut::open({words.out, words.force}, type, count_of(map), stdout);
  for (const auto& value : map.values) {
    Json json;
    data::open_value(data::LogFile::read(words.file, value.place), [&](Decoder& in) { plugin::decode_json(type, in, json); });
    out->value(value.index, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  out->finish();
  return 0;
}

}  // namespace gluster::command
