// Words counted by MPI and OpenMP: rank 0 has them in memory, scatters the text in slices of as many words each, every rank counts its own on its threads, and the
// counts are merged along a binomial tree.
//
//     mpirun -n RANKS word_count_mpi_openmp TEXT [COPIES [ROUNDS]]      as words_program.hpp says
#include "mpi_program.hpp"
#include "word_counts.hpp"
#include "words_program.hpp"

#include <omp.h>

#include <cstdio>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>

namespace {

// Text of one round on its way: where each rank's begins, and how long it is.
struct Slices {
  std::vector<int> begins, bytes;
};

Slices slices_of(const baselines::WordsText& text, int ranks) {
  Slices slices;
  const std::size_t words = text.words().size();
  const char* begin = text.words().front().data();
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(ranks); ++rank) {
    const std::string_view slice = text.slice(words * rank / static_cast<std::size_t>(ranks), words * (rank + 1) / static_cast<std::size_t>(ranks));
    slices.begins.push_back(slice.empty() ? 0 : static_cast<int>(slice.data() - begin));
    slices.bytes.push_back(static_cast<int>(slice.size()));
  }
  return slices;
}

// This rank's slice; rank 0's stays where it is.
std::string_view scatter(const baselines::World& world, const std::optional<baselines::WordsText>& text, std::string& own) {
  Slices slices;
  if (world.rank == 0) slices = slices_of(*text, world.ranks);
  int bytes = 0;
  MPI_Scatter(slices.bytes.data(), 1, MPI_INT, &bytes, 1, MPI_INT, 0, MPI_COMM_WORLD);
  const char* all = world.rank == 0 ? text->words().front().data() : nullptr;
  if (world.rank != 0) own.resize(static_cast<std::size_t>(bytes));
  void* into = world.rank == 0 ? MPI_IN_PLACE : static_cast<void*>(own.data());
  MPI_Scatterv(all, slices.bytes.data(), slices.begins.data(), MPI_CHAR, into, bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
  return world.rank == 0 ? std::string_view(all, static_cast<std::size_t>(bytes)) : own;
}

// Pairs of ranks, then of pairs: on rank 0 all counts are together at the end.
void merge(const baselines::World& world, Counts& counts) {
  for (int step = 1; step < world.ranks; step *= 2) {
    if (world.rank % (2 * step) != 0) return baselines::send_counts(MPI_COMM_WORLD, world.rank - step, counts);
    if (world.rank + step < world.ranks) baselines::add_received(MPI_COMM_WORLD, world.rank + step, counts);
  }
}

int run(const baselines::World& world, const baselines::WordsTask& task) {
  std::optional<baselines::WordsText> text;
  if (world.rank == 0) text.emplace(task);
  if (text && text->words().back().data() - text->words().front().data() > std::numeric_limits<int>::max() - 4096)
    throw std::runtime_error("MPI_Scatterv counts in int: take fewer copies");
  std::vector<baselines::WordsSeconds> rounds;
  bool is_right = true;
  std::string own;
  for (std::int64_t round = 0; round <= task.rounds; ++round) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    Counts counts = count_text(scatter(world, text, own));
    const double counted = MPI_Wtime();
    merge(world, counts);
    const double end = MPI_Wtime();
    if (world.rank != 0) continue;
    is_right = is_right && text->is_right(counts);
    if (round > 0) rounds.push_back({counted - start, end - counted, end - start});
  }
  if (world.rank == 0) baselines::print_words({"word_count_mpi_openmp", world.ranks, omp_get_max_threads()}, task, *text, rounds, is_right);
  return is_right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  try {
    return run(world, baselines::parse_words(argc, argv));
  } catch (const std::exception& error) {
    if (world.rank == 0) std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
}
