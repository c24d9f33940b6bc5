#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <gluster/gluster.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "commands.hpp"
#include "data/dataset.hpp"
#include "dataset_items.hpp"
#include "items_out.hpp"
#include "kernel_file.hpp"
#include "known.hpp"

namespace gluster::command {
namespace {

std::int64_t whole_number(std::string_view text, const std::string& of) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw UsageError(fmt::format("--over {}: a range of whole numbers is wanted, FIRST:END, with the numbers from FIRST to END - 1", of));
  return value;
}

JsonItems over_range(const std::string& text, const Type& type) {
  std::size_t colon = text.find(':');
  const std::int64_t first = whole_number(std::string_view(text).substr(0, colon), text);
  const std::int64_t end = colon == std::string::npos ? first : whole_number(std::string_view(text).substr(colon + 1), text);
  if (colon == std::string::npos || end < first)
    throw UsageError(fmt::format("--over {}: a range is FIRST:END, with the numbers from FIRST to END - 1", text));
  std::int64_t count = 0;
  if (__builtin_sub_overflow(end, first, &count)) throw UsageError(fmt::format("--over {}: these are more numbers than can be counted", text));
  return {count, [first, type](std::int64_t at) { return plain_json_of(std::to_string(first + at), type); }};
}

bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// The lines come through stdin, which is read once, by the master.
bool reads_input(const MapWords& words) { return words.over_lines == "-"; }

void expect_input(const Command& command, const MapWords& words) {
  if (command.checks_alone) throw UsageError("--over-lines -: a job has no stdin: put the lines into a file");
  if (words.start.restarts != 0 || words.start.requeue)
    throw UsageError("--over-lines -: stdin cannot be read again by another start: put the lines into a file");
  if (!command.is_master && ::isatty(STDIN_FILENO) != 0)
    throw UsageError("--over-lines -: stdin is a terminal: lines come through a pipe, or from a file by its name");
}

// A line each, without its end; the last one need not have one.
JsonItems over_lines(const std::string& file, std::string lines, const Type& type) {
  auto text = std::make_shared<const std::string>(std::move(lines));
  auto begins = std::make_shared<std::vector<std::size_t>>();
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // of UTF-8, as Windows writes it
  for (std::size_t at = text->starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; at < text->size();) {
    begins->push_back(at);
    std::size_t end = text->find('\n', at);
    at = end == std::string::npos ? text->size() : end + 1;
  }
  if (type.text == "str")
    for (std::size_t i = 0; i < begins->size(); ++i) {
      const std::size_t end = i + 1 < begins->size() ? (*begins)[i + 1] : text->size();
      if (!is_utf8(text->substr((*begins)[i], end - (*begins)[i]))) throw UsageError(fmt::format("{}: line {} is no UTF-8", file, i + 1));
    }
  const auto count = static_cast<std::int64_t>(begins->size());
  begins->push_back(text->size() + (text->ends_with('\n') ? 0 : 1));
  return {count, [text, begins, type](std::int64_t at) {
            const std::size_t begin = (*begins)[static_cast<std::size_t>(at)], end = (*begins)[static_cast<std::size_t>(at) + 1] - 1;
            std::string line = text->substr(begin, end - begin);
            if (line.ends_with('\r')) line.pop_back();
            return plain_json_of(line, type);
          }};
}

JsonItems items_for(const MapWords& words, const KernelEntry& kernel, bool is_master) {
  const int given = !words.over.empty() + !words.over_lines.empty() + !words.over_dataset.empty();
  if (given != 1) throw UsageError("over what? one of --over FIRST:END, --over-lines FILE and --over-dataset FILE:/DATASET");
  if (kernel.signature->parameters.empty())
    throw UsageError(fmt::format("{} takes no argument, so it cannot be mapped over anything: it is {}", kernel.name, kernel.signature->text()));
  if (!words.over.empty()) return over_range(words.over, kernel.signature->parameters[0]);
  if (!words.over_dataset.empty()) try {
      return over_dataset(words.over_dataset, kernel.signature->parameters[0]);
    } catch (const Error& error) {
      throw UsageError(fmt::format("--over-dataset {}", error.what()));
    }
  const Type& type = kernel.signature->parameters[0];
  if (!reads_input(words)) return over_lines(words.over_lines, base::read_file(words.over_lines), type);
  return is_master ? over_lines("stdin", {std::istreambuf_iterator<char>(std::cin), {}}, type) : JsonItems{0, {}};
}

// One line on a terminal, written again and again.
class ProgressLine {
 public:
  ProgressLine(bool is_wanted, std::int64_t all, std::int64_t known) : is_wanted_(is_wanted), all_(all), known_(known) {}
  void update(std::int64_t done, std::int64_t failed, bool at_once) {
    const auto now = Clock::now();
    if (!is_wanted_ || (!at_once && now - shown_ < std::chrono::milliseconds(200))) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const double rate = done > known_ ? static_cast<double>(done - known_) / seconds : 0;  // what is known comes first, or in between
    std::string left = rate > 0 ? fmt::format(", {:.0f} s left", static_cast<double>(all_ - done) / rate) : "";
    fmt::print(stderr, "\r\033[K{} of {} done, {} failed, {:.0f}/s{}{}", done, all_, failed, rate, left, at_once ? "\n" : "");
    std::fflush(stderr);
  }

 private:
  const bool is_wanted_;
  const std::int64_t all_, known_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_{};
};

// --force is no leave to overwrite what is read.
void expect_other_output(const MapWords& words, const Target& target) {
  std::vector<std::string> read{words.over_lines, words.journal, target.file.string()};
  if (!words.over_dataset.empty()) read.push_back(data::dataset_name(words.over_dataset).file);
  for (const std::string& word : words.with)
    if (const auto name = dataset_named(word)) read.push_back(data::dataset_name(*name).file);
  std::error_code reason;
  if (!words.journal.empty() && words.out != "-" &&
      std::filesystem::absolute(words.journal).lexically_normal() == std::filesystem::absolute(words.out).lexically_normal())
    throw UsageError(fmt::format("{} is the journal: results want a file of their own", words.out));
  for (const std::string& file : read)
    if (!file.empty() && std::filesystem::equivalent(file, words.out, reason))
      throw UsageError(fmt::format("{} is what is read: results want a file of their own", words.out));
}

int map_on(Cluster& cluster, const Target& target, const MapWords& words, const JsonItems& items, const std::vector<std::string>& common,
           const std::string& type) {
  std::FILE* results = take_stdout();
  cluster.import_functions(target.file);
  const std::int64_t known = known_in(words.journal);
  auto map = cluster.map_json(target.kernel(), items, {.chunk = words.chunk, .on_error = OnError::collect, .journal = words.journal}, common);
  if (known != 0)
    fmt::print(stderr, "gluster: {} of {} items are in {} already: {} are run\n", known, items.count, words.journal, items.count - known);
  auto out = ItemsOut::open({words.out, words.force}, type, static_cast<std::uint64_t>(items.count), results);
  ProgressLine progress(words.progress, items.count, known);
  std::int64_t done = 0, failed = 0;
  std::string first_error;
  for (auto& item : map.items()) {
    if (item.error) {
      ++failed;
      try {
        item.get();
      } catch (const std::exception& error) {
        out->error(item.index, error.what());
        if (first_error.empty()) first_error = error.what();
      }
    } else {
      out->value(item.index, item.get());
    }
    progress.update(++done, failed, false);
  }
  progress.update(done, failed, true);
  out->finish();
  if (failed == 0) return 0;
  fmt::print(stderr, "gluster: {} of {} items failed, the first: {}\n", failed, items.count, first_error);
  return kSomeFailed;
}

}  // namespace

int map(const Command& command, MapWords words) {
  if ((words.start.restarts != 0 || words.start.requeue) && words.out == "-")
    throw UsageError(fmt::format("{} wants -o FILE: what has been printed cannot be taken back when it is started again",
                                 words.start.requeue ? "--requeue" : "--restart"));
  if (words.start.requeue && words.journal.empty() && Options::from_environment().journal.empty())
    throw UsageError("--requeue goes on where the job was: that wants a journal, --journal FILE");
  if (reads_input(words)) expect_input(command, words);
  words.start.reads_input = reads_input(words);
  // What is there already is this job's own: its first start would have refused anything else.
  if (words.start.requeue && Place::look().requeued != 0) words.force = true;
  const Target target = target_of(words.target);
  const KernelFile file(target.file, Options::from_environment());
  const KernelEntry& kernel = file.find(target.function);
  const JsonItems items = items_for(words, kernel, command.is_master);
  const std::vector<std::string> common = json_of(words.with, kernel, 1);
  if (!words.over.empty() && items.count != 0)  // else each item says so
    for (std::int64_t at : {std::int64_t{0}, items.count - 1}) (void)json_of(items.at(at), kernel.signature->parameters[0], kernel.name + ", item");
  if (!command.is_master) {
    ItemsOut::check({words.out, words.force});
    expect_other_output(words, target);
    (void)known_in(words.journal);
    words.start.journal = words.journal;
    const int status = start(command, words.start);
    if (words.out != "-") base::remove_leftovers(words.out);  // of a master that was killed
    return status;
  }
  return gluster::launch(command.argc, command.argv, [&](Cluster& cluster) {
    try {
      return tell_errors([&] { return map_on(cluster, target, words, items, common, kernel.signature->result.text); });
    } catch (const Cancelled& error) {
      fmt::print(stderr, "gluster: {}{}\n", error.what(), words.journal.empty() ? "" : "; the same command goes on from " + words.journal);
      return kGoOnLater;
    }
  });
}

}  // namespace gluster::command
