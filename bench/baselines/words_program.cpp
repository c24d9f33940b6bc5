#include "words_program.hpp"

#include "program.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace baselines {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

std::int64_t expect_count(const char* text) {
  const std::int64_t count = parse_count(text);
  if (count == 0) throw std::runtime_error(std::string(text) + " is no number from 1 on");
  return count;
}

}  // namespace

WordsTask parse_words(int argc, char** argv) {
  if (argc < 2 || argc > 4) throw std::runtime_error("usage: " + std::string(argv[0]) + " TEXT [COPIES [ROUNDS]]");
  WordsTask task{argv[1]};
  if (argc > 2) task.copies = expect_count(argv[2]);
  if (argc > 3) task.rounds = expect_count(argv[3]);
  return task;
}

WordsText::WordsText(const WordsTask& task) : copies_(task.copies) {
  std::ifstream in(task.file, std::ios::binary);
  std::string once((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) throw std::runtime_error(task.file + " cannot be read");
  std::istringstream words(once);
  for (std::string word; words >> word;) ++once_[word];
  if (once_.empty()) throw std::runtime_error("there is no word to count in " + task.file);
  once += '\n';
  text_.reserve(once.size() * static_cast<std::size_t>(copies_));
  for (std::int64_t copy = 0; copy < copies_; ++copy) text_ += once;
  for (std::size_t at = text_.find_first_not_of(kWhiteSpace); at != std::string::npos;) {
    const std::size_t end = std::min(text_.find_first_of(kWhiteSpace, at), text_.size());
    words_.push_back(std::string_view(text_).substr(at, end - at));
    at = text_.find_first_not_of(kWhiteSpace, end);
  }
}

std::string_view WordsText::slice(std::size_t begin, std::size_t end) const {
  if (begin >= end) return {};
  return {words_[begin].data(), static_cast<std::size_t>(words_[end - 1].data() + words_[end - 1].size() - words_[begin].data())};
}

bool WordsText::is_right(const Counts& counts) const {
  return counts.size() == once_.size() && std::ranges::all_of(once_, [&](const auto& word) {
           const auto found = counts.find(word.first);
           return found != counts.end() && found->second == word.second * copies_;
         });
}

void print_words(const WordsRun& run, const WordsTask& task, const WordsText& text, const std::vector<WordsSeconds>& rounds, bool is_right) {
  std::printf("{\"program\": \"%s\", \"copies\": %lld, \"words\": %zu, \"ranks\": %d, \"threads\": %d, ", run.program,
              static_cast<long long>(task.copies), text.words().size(), run.ranks, run.threads);
  print_list("count", rounds, &WordsSeconds::count);
  print_list("merge", rounds, &WordsSeconds::merge);
  print_list("total", rounds, &WordsSeconds::total);
  std::printf("\"correct\": %s}\n", is_right ? "true" : "false");
  std::fflush(stdout);
}

}  // namespace baselines
