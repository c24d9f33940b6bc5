// What launch/quickstart runs: a matrix product and a word count over the runners, checked, timed, and told in a table.
//
//     mpirun -n RANKS demo [--size N] [--rounds N] [--text FILE]
//
// and alone, without mpirun. Exit status 0: every result was right.
#include <CLI/CLI.hpp>
#include <gluster/gluster.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "demo_by_hand.hpp"
#include "demo_product.hpp"
#include "demo_progress.hpp"
#include "demo_report.hpp"
#include "demo_text.hpp"
#include "demo_words.hpp"

namespace {

// Where the build leaves the kernels: beside the directory of this program.
std::filesystem::path built_kernels() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "kernels"; }

struct Settings {
  std::int64_t size = 2048;
  int rounds = 5;
  std::filesystem::path text;  // empty: the licence texts
  std::filesystem::path kernels = built_kernels();
  std::filesystem::path by_hand;  // empty: no hand-written program is there to be timed beside
  bool live = demo::on_terminal();
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--size", settings.size, "rows and columns of the matrices")->check(CLI::Range(1, 16384))->capture_default_str();
  app.add_option("--rounds", settings.rounds, "how often each is run and checked")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--text", settings.text, "whose words to count (the licence texts of Debian)");
  app.add_option("--kernels", settings.kernels, "where libmatmul.so and libword_count.so are")->capture_default_str();
  app.add_option("--by-hand", settings.by_hand, "for launch/quickstart: its pipes to hand-written MPI");
  app.add_flag("--live", settings.live, "progress in one line that is written over");
}

void run(gluster::Cluster& cluster, const Settings& settings) {
  // First what may be missing, so that this is not told after a minute.
  const demo::Text text = settings.text.empty() ? demo::licence_texts() : demo::read_text(settings.text);
  cluster.import_functions(settings.kernels / "libmatmul.so");
  cluster.import_functions(settings.kernels / "libword_count.so");
  std::optional<demo::ByHand> by_hand;
  if (!settings.by_hand.empty()) by_hand.emplace(settings.by_hand);

  demo::Progress progress(settings.live);
  auto lines = demo::multiply(cluster, settings.size, settings.rounds, by_hand ? &*by_hand : nullptr, progress);
  lines.push_back(demo::count_words(cluster, text, settings.rounds, progress));
  progress.say("\nEvery product passed Freivalds' check, and every word's count is that of a direct count.\n");
  demo::print_table(lines);
  if (by_hand) {
    progress.say("\nto by hand: median time over that of hand-written MPI, same kernel, same cores, in turn; below 1: faster.");
    progress.say("Outside the kernel A and B go to the runners and C comes back; by hand, rank 0 has its part already.");
  }
}

}  // namespace

int main(int argc, char** argv) {
  // On the master alone, so that what is wrong with an option is said once.
  return gluster::launch(argc, argv, [&](gluster::Cluster& cluster) {
    CLI::App app("A matrix product and a word count over the runners, each result checked, and timed.\n");
    Settings settings;
    add_options(app, settings);
    CLI11_PARSE(app, argc, argv);
    try {
      run(cluster, settings);
      return EXIT_SUCCESS;
    } catch (const std::exception& error) {
      fmt::print(stderr, "demo: {}\n", error.what());
      return EXIT_FAILURE;
    }
  });
}
