#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "batch_script.hpp"
#include "place.hpp"
#include "start_line.hpp"

// What `gluster` can be told to do. Each returns its exit status, and throws gluster::Error for what a person has to mend.
namespace gluster::command {

// Exit statuses, beside those of a user's own master.
inline constexpr int kFailed = 1;      // it ran, and failed
inline constexpr int kWrongWords = 2;  // it did not run: what was asked for cannot be
inline constexpr int kSomeFailed = 3;  // a map: some of its items did
inline constexpr int kGoOnLater = 75;  // it was ended early and in order

// The command's own words, and who reads them: the person's command, or rank 0 of what that has started.
struct Command {
  int argc = 0;
  char** argv = nullptr;
  bool is_master = false;
  bool json = false;
  bool dry_run = false;
  bool checks_alone = false;  // the words, and nothing is started
  int tasks = 0;              // then: that the job will have; 0: nobody knows
};

struct RunWords {
  Start start;
  std::string journal;
};
int run(const Command& command, RunWords words);
// Rank 0 of what run() starts: `program`, and its status.
int hold(const Command& command, const std::vector<std::string>& program);

struct CallWords {
  Start start;
  std::vector<std::string> words;  // FILE:FUNCTION and its arguments
};
int call(const Command& command, CallWords words);

struct MapWords {
  Start start;
  std::string target;
  std::string over, over_lines, over_dataset;
  std::vector<std::string> with;  // arguments after each item's own
  std::int64_t chunk = 0;
  std::string journal;
  std::string out = "-";
  bool force = false;
  bool progress = false;  // the person's stderr is a terminal
};
int map(const Command& command, MapWords words);

int functions(const Command& command, const std::string& file);

int show_journal(const Command& command, const std::string& file);
struct ExportWords {
  std::string file, out = "-";
  std::uint32_t map = 0;  // which of the program's, from 1 on; 0: the only one
  bool force = false;
};
int export_journal(const ExportWords& words);

int doctor(const Command& command, const Start& start);
int submit(const Command& command, const Batch& batch, const std::string& gluster);
int status(const Command& command, const std::string& what, bool watch);

// Does it, and tells a person what goes wrong, in a sentence on stderr. The exit status.
int tell_errors(const std::function<int()>& what);

// Starts it, and returns when it has ended; or shows how.
int start(const Command& command, const Start& what);

}  // namespace gluster::command
