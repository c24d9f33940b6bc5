#include "demo_by_hand.hpp"

#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace demo {
namespace {

constexpr const char* kProgram = "the hand-written program, matmul_mpi_openmp,";

}  // namespace

// The order in which quickstart opens them: otherwise each would wait for the other.
ByHand::ByHand(const std::filesystem::path& pipes) : ask_(pipes / "ask"), answer_(pipes / "answer") {
  if (!ask_ || !answer_) throw std::runtime_error(fmt::format("cannot open the pipes in {}", pipes.string()));
}

Round ByHand::turn(std::int64_t size, const std::vector<int>& threads) {
  ask_ << fmt::format("{} 1 {}\n", size, fmt::join(threads, " ")) << std::flush;
  for (std::string line; std::getline(answer_, line);) {
    if (line.starts_with("failed")) throw std::runtime_error(fmt::format("{} {}", kProgram, line));
    if (!line.starts_with('{')) continue;  // its own progress
    const auto results = nlohmann::json::parse(line);
    if (!results.at("correct").get<bool>()) throw std::runtime_error(fmt::format("{} computed a wrong product", kProgram));
    return {results.at("total").at(0).get<double>(), results.at("compute").at(0).get<double>()};
  }
  throw std::runtime_error(fmt::format("{} gave no answer", kProgram));
}

}  // namespace demo
