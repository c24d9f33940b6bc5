// Words counted by Gluster, for comparison with baselines/word_count_mpi_openmp: the same rounds, check and output.
//
//     mpirun -n RANKS gluster_words TEXT [COPIES [ROUNDS]]      as baselines/words_program.hpp says
#include <chrono>
#include <vector>

#include <gluster/gluster.hpp>

#include "baselines/words_program.hpp"

namespace {

Counts count_once(gluster::Cluster& cluster, const baselines::WordsText& text, baselines::WordsSeconds& seconds) {
  const auto start = gluster::Clock::now();
  const auto now = [&] { return std::chrono::duration<double>(gluster::Clock::now() - start).count(); };
  std::vector<std::string_view> slices;
  for (const gluster::Range& part : gluster::split(std::ssize(text.words()), cluster.workers()))
    slices.push_back(text.slice(static_cast<std::size_t>(part.begin), static_cast<std::size_t>(part.end)));
  using CountsOfSlice = gluster::Entries<std::string_view, std::int64_t>;
  std::vector<gluster::Job<CountsOfSlice>> jobs;
  for (const std::string_view& slice : slices) jobs.push_back(cluster.run<CountsOfSlice>("word_count.count_text", gluster::view(slice)));
  Counts all;
  for (auto& job : gluster::as_completed(jobs)) {
    const CountsOfSlice counts = job.get();
    const double merging = now();
    if (all.empty()) all.reserve(counts.size());
    for (const auto& [word, times] : counts) all[std::string(word)] += times;
    seconds.merge += now() - merging;
  }
  seconds.total = now();
  seconds.count = seconds.total - seconds.merge;
  return all;
}

int count_words(gluster::Cluster& cluster, int argc, char** argv) {
  const baselines::WordsTask task = baselines::parse_words(argc, argv);
  const baselines::WordsText text(task);
  cluster.import_functions(BENCH_WORD_COUNT);
  std::vector<baselines::WordsSeconds> rounds;
  bool is_right = true;
  for (std::int64_t round = 0; round <= task.rounds; ++round) {
    baselines::WordsSeconds seconds;
    const Counts counts = count_once(cluster, text, seconds);
    is_right = is_right && text.is_right(counts);
    if (round > 0) rounds.push_back(seconds);
  }
  baselines::print_words({"gluster_words", cluster.workers(), cluster.runners().front().threads}, task, text, rounds, is_right);
  return is_right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) { return count_words(cluster, argc, argv); });
}
