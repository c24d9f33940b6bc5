#include "demo_words.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "demo_workers.hpp"

namespace demo {
namespace {

using Counts = std::unordered_map<std::string, std::int64_t>;
using Words = std::span<const std::string_view>;

// So many for each runner that while one is counted the next is on its way, and the one before is merged.
constexpr int kSlices = 8;

// What the library's own idea of a word finds, on the master alone: nothing here is shared with the kernel or words_of.
Counts count_directly(const std::string& text) {
  Counts counts;
  std::istringstream in(text);
  std::string word;
  while (in >> word) ++counts[word];
  return counts;
}

void expect_right(const Counts& counts, const Counts& direct) {
  const auto expect_in = [](const Counts& others, const std::string& word, std::int64_t count, bool is_direct) {
    const auto found = others.find(word);
    const std::int64_t other = found == others.end() ? 0 : found->second;
    if (other == count) return;
    throw std::runtime_error(fmt::format("the word count is wrong: '{}' occurs {} times, and was counted {} times", word, is_direct ? count : other,
                                         is_direct ? other : count));
  };
  for (const auto& [word, count] : direct) expect_in(counts, word, count, true);
  for (const auto& [word, count] : counts) expect_in(direct, word, count, false);
}

// Slices of the words go out, their counts come back, in any order.
Counts count_once(gluster::Cluster& cluster, Words words, Places& places, KernelTime& kernel, const auto& merged) {
  std::vector<gluster::Job<Counts>> jobs;
  for (auto slice : gluster::split(static_cast<std::int64_t>(words.size()), cluster.workers() * kSlices)) {
    const Words part = words.subspan(static_cast<std::size_t>(slice.begin), static_cast<std::size_t>(slice.size()));
    jobs.push_back(cluster.run<Counts>("word_count.count", part));
  }
  Counts all;
  std::size_t done = 0;
  for (auto& job : gluster::as_completed(jobs)) {
    for (auto& [word, count] : job.get()) all[word] += count;
    places.add(job.info());
    kernel.add(job.info());
    merged(++done, jobs.size());
  }
  return all;
}

}  // namespace

Line count_words(gluster::Cluster& cluster, const Text& text, int rounds, Progress& progress) {
  const std::vector<std::string_view> words = words_of(text.bytes);
  progress.now("word count: a direct count, to compare with");
  const Counts direct = count_directly(text.bytes);
  Places places;
  Rounds all;
  for (int round = 1; round <= rounds; ++round) {
    const std::string doing = fmt::format("word count, round {} of {}", round, rounds);
    KernelTime kernel;
    const auto start = gluster::Clock::now();
    const Counts counts = count_once(cluster, words, places, kernel, [&](std::size_t done, std::size_t slices) {
      progress.now(fmt::format("{}: {} of {} slices", doing, done, slices));
    });
    all.add({seconds_since(start), kernel.longest()});
    expect_right(counts, direct);
    progress.round(round, rounds, fmt::format("{}: Gluster {:.3f} s", doing, all.last()));
  }
  const auto total = static_cast<std::int64_t>(words.size());
  progress.say(fmt::format("{}: {} words, {} different", text.name, grouped(total), grouped(static_cast<std::int64_t>(direct.size()))));
  const std::string name = fmt::format("word count, {} words", grouped(total));
  const double millions = static_cast<double>(total) * 1e-6;
  return {name, places.text(), workers_text(threads_of(cluster)), all, millions, "M words/s"};
}

}  // namespace demo
