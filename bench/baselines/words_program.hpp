// What the programs that count words have in common: the words, the rounds' times, the check, and what they print.
//
//     PROGRAM TEXT [COPIES [ROUNDS]]
//
// Counts the words of a file, COPIES times over (1), in ROUNDS rounds (5) after one that is not counted; reading is not timed. Prints one line of JSON. Exit status
// 1: a count is wrong; 2: the words on the command line are.
#pragma once

#include "word_count.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baselines {

struct WordsTask {
  std::string file;
  std::int64_t copies = 1;
  std::int64_t rounds = 5;
};

/// Throws std::runtime_error with one sentence for a person.
WordsTask parse_words(int argc, char** argv);

/// Seconds of one round, from words in memory to the merged map.
struct WordsSeconds {
  double count = 0;  ///< until all had been counted, with sending it out
  double merge = 0;
  double total = 0;
};

/// A text of many copies, with its words; rank 0's.
class WordsText {
 public:
  /// Throws std::runtime_error where the file cannot be read or has no words.
  explicit WordsText(const WordsTask& task);
  WordsText(const WordsText&) = delete;

  const std::vector<std::string_view>& words() const { return words_; }
  /// From word `begin` to word `end` of the text.
  std::string_view slice(std::size_t begin, std::size_t end) const;
  /// Against a count that shares nothing with the kernel.
  bool is_right(const Counts& counts) const;

 private:
  std::int64_t copies_;
  std::string text_;
  std::vector<std::string_view> words_;
  Counts once_;
};

struct WordsRun {
  const char* program;
  int ranks;
  int threads;
};
void print_words(const WordsRun& run, const WordsTask& task, const WordsText& text, const std::vector<WordsSeconds>& rounds, bool is_right);

}  // namespace baselines
