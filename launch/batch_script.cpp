#include "batch_script.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "place.hpp"
#include "start_line.hpp"

namespace gluster::command {
namespace {

void expect_words(const Batch& batch) {
  constexpr std::array kinds{"run", "call", "map"};
  if (batch.words.empty() || std::count(kinds.begin(), kinds.end(), batch.words[0]) == 0)
    throw UsageError("submit what? gluster submit [SLURM'S OPTIONS] run|call|map WORDS, as they are given without it");
  if (batch.requeue && journal_of(batch.words).empty())
    throw UsageError("--requeue goes on where the job was: that wants a journal, --journal FILE among the words of run or map");
  // Slurm rounds up to minutes; 0: no limit.
  if (const auto limit = seconds_of(batch.time); batch.requeue && limit && *limit != 0 && (*limit + 59) / 60 * 60 <= batch.signal_ahead)
    throw UsageError(fmt::format("--time={}: the job would be told to end, --signal-ahead {} seconds before, as soon as it begins", batch.time,
                                 batch.signal_ahead));
  for (const std::string* text : {&batch.mem, &batch.time, &batch.partition, &batch.account, &batch.job_name, &batch.output})
    if (text->find('\n') != std::string::npos) throw UsageError("an option for Slurm is one line");
  for (const auto& [name, text] : batch.others)
    if (text.find('\n') != std::string::npos) throw UsageError("an option for Slurm is one line");
}

// Whether the word behind an option of run, call or map is its value.
bool takes_next(const std::string& option) {
  constexpr std::array flags{"--requeue", "--dry-run", "--json", "--force"};
  if (!option.starts_with("--")) return option == "-n" || option == "-o";
  return option.find('=') == std::string::npos && std::ranges::count(flags, option) == 0;
}

// Where the options of run, call or map itself are: not the values behind them, nor what belongs to a program or a kernel.
std::vector<std::size_t> own_options(const std::vector<std::string>& words) {
  std::vector<std::size_t> all;
  for (std::size_t at = 1; at < words.size() && words[at] != "--"; ++at) {
    if (words[at].starts_with('-')) {
      all.push_back(at);
      at += takes_next(words[at]) ? 1 : 0;
    } else if (words[0] != "map") {
      break;
    }
  }
  return all;
}

}  // namespace

std::string journal_of(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "call") return "";
  for (const std::size_t at : own_options(words)) {
    if (words[at].starts_with("--journal=")) return words[at].substr(10);
    if (words[at] == "--journal" && at + 1 < words.size()) return words[at + 1];
  }
  return "";
}

void take_requeue(Batch& batch) {
  for (const std::size_t at : own_options(batch.words)) {
    if (batch.words[at] != "--requeue") continue;
    batch.requeue = true;
    batch.words.erase(batch.words.begin() + static_cast<std::ptrdiff_t>(at));
    return take_requeue(batch);  // it may be said again
  }
}

std::string script_of(const Batch& batch, const std::string& gluster) {
  expect_words(batch);
  std::string script = "#!/bin/bash\n";
  auto say = [&](const std::string& option) { script += fmt::format("#SBATCH --{}\n", option); };
  auto say_text = [&](const char* option, const std::string& value) {
    if (!value.empty()) say(fmt::format("{}={}", option, quoted(value)));
  };
  auto say_number = [&](const char* option, int value) {
    if (value != 0) say(fmt::format("{}={}", option, value));
  };
  say_text("job-name", batch.job_name.empty() ? "gluster-" + batch.words[0] : batch.job_name);
  say_number("nodes", batch.nodes);
  say_number("ntasks", batch.ntasks);
  say_number("cpus-per-task", batch.cpus_per_task);
  say_text("mem", batch.mem);
  say_text("time", batch.time);
  say_text("partition", batch.partition);
  say_text("account", batch.account);
  say_text("output", batch.output);
  for (const auto& [name, text] : batch.others) say_text(name.c_str(), text);
  if (batch.exclusive) say("exclusive");
  if (const std::string journal = journal_of(batch.words); !journal.empty())
    say_text("comment", "journal=" + std::filesystem::absolute(journal).string());
  if (batch.requeue) {
    say("requeue");
    say("open-mode=append");
    say(fmt::format("signal=B:USR1@{}", batch.signal_ahead));
  }
  script += "\nexec " + quoted(gluster);
  for (std::size_t i = 0; i < batch.words.size(); ++i) {
    script += " " + quoted(batch.words[i]);
    if (i == 0 && batch.requeue) script += " --requeue";
  }
  return script + "\n";
}

}  // namespace gluster::command
