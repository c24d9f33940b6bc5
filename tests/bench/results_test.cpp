#include "results/points.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "results/compare.hpp"
#include "results/model.hpp"
#include "results/page.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNull;
using testing::Not;
using testing::ThrowsMessage;

class ResultsTest : public testing::Test {
 protected:
  ResultsTest() { fs::create_directories(directory_); }
  ~ResultsTest() override { fs::remove_all(directory_); }

  static bench::Run run(const std::string& program, std::int64_t nodes, std::vector<double> total) {
    return {{{"part", "products"},
             {"program", program},
             {"kernel", "multiply"},
             {"n", 64},
             {"nodes", nodes},
             {"node_threads", 1},
             {"rate", "1gbit"},
             {"link", "1 Mbit/s"},
             {"cpu", 10}},
            {{"total", std::move(total)}}};
  }
  std::string page(const Measured& measured) {
    write_page(directory_, measured);
    std::ifstream in(directory_ / "README.md");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const fs::path directory_ = fs::path(testing::TempDir()) / ("results" + std::to_string(::getpid()));
};

TEST_F(ResultsTest, ComeBackFromHdf5AsTheyWere) {
  const Measured measured{{{"machine", "ours"}, {"cores", 2}, {"speed", 2.5}}, {run("a", 1, {1, 2, 3}), run("b", 2, {0.5})}};
  write_hdf5(directory_ / "samples.h5", measured);
  const Measured read = read_hdf5(directory_ / "samples.h5");
  EXPECT_EQ(read.machine, measured.machine);
  ASSERT_EQ(read.runs.size(), 2U);
  EXPECT_EQ(read.runs[0].facts, measured.runs[0].facts);
  EXPECT_THAT(read.runs[0].rounds.at("total"), ElementsAre(1, 2, 3));
  EXPECT_EQ(read.runs[1].facts, measured.runs[1].facts);
}

TEST_F(ResultsTest, NameTheFileThatIsNotThereOrIsNoHdf5) {
  EXPECT_THAT([&] { read_hdf5(directory_ / "none.h5"); }, ThrowsMessage<std::runtime_error>(HasSubstr("none.h5 cannot be read")));
  std::ofstream(directory_ / "text.h5") << "no HDF5";
  EXPECT_THAT([&] { read_hdf5(directory_ / "text.h5"); }, ThrowsMessage<std::runtime_error>(HasSubstr("text.h5 cannot be read")));
}

TEST_F(ResultsTest, AreNoneWhereAContestantHasComputedSomethingWrong) {
  EXPECT_THAT([] { read_run(R"({"program": "p", "total": [1], "correct": false})"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("p has computed something wrong")));
  EXPECT_THROW(read_run(R"({"program": "p", "correct": true})"), std::runtime_error);
}

TEST_F(ResultsTest, OfSeveralStartsWithTheSameFactsAreOnePoint) {
  const auto points = points_of({run("a", 1, {1}), run("a", 2, {5}), run("a", 1, {3})});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_THAT(find(points, {{"nodes", 1}})->rounds.at("total"), ElementsAre(ElementsAre(1), ElementsAre(3)));
  EXPECT_THAT(find(points, {{"nodes", 3}}), IsNull());
  EXPECT_THAT(values_of(points, "nodes", {{"program", "a"}}), ElementsAre(1, 2));
}

TEST_F(ResultsTest, HaveARatioOnlyWhereThereAreEnoughRoundsAndTheSpreadIsNarrow) {
  const Point narrow{{}, {{"total", {{10, 10.1, 9.9, 10, 10.05}}}}};
  const Point twice{{}, {{"total", {{20, 20.1, 19.9, 20, 20.05}}}}};
  const Point wide{{}, {{"total", {{5, 10, 15, 20, 25}}}}};
  const Point few{{}, {{"total", {{10, 10, 10, 10}}}}};
  EXPECT_TRUE(compare(twice, narrow).is_number());
  EXPECT_NEAR(compare(twice, narrow).ratio.median, 2, 1e-9);
  EXPECT_GT(compare(twice, narrow).ratio.low, 1.9);
  EXPECT_TRUE(compare(wide, narrow).is_wide);
  EXPECT_TRUE(compare(few, narrow).has_few_rounds);
}

TEST_F(ResultsTest, OfStartsThatDifferHaveAnIntervalAsWideAsTheStartsAreApart) {
  const Point steady{{}, {{"total", {{1, 1, 1}, {1, 1, 1}}}}};
  const Point by_start{{}, {{"total", {{1, 1, 1}, {2, 2, 2}}}}};
  const Comparison of = compare(by_start, steady);
  EXPECT_DOUBLE_EQ(of.ratio.low, 1);
  EXPECT_DOUBLE_EQ(of.ratio.high, 2);
}

TEST_F(ResultsTest, OfOtherNodesAreOtherCurves) {
  Measured measured{{}, {}};
  for (const char* cpu : {"10", "20"})
    for (const std::int64_t nodes : {1, 2}) {
      measured.runs.push_back(run("gluster_from_vectors", nodes, {1, 1, 1, 1, 1}));
      measured.runs.back().facts["cpu"] = std::stoi(cpu);
    }
  const std::string text = page(measured);
  EXPECT_THAT(text, HasSubstr("with 10 % of a core"));
  EXPECT_THAT(text, HasSubstr("with 20 % of a core"));
  EXPECT_TRUE(fs::exists(directory_ / "multiply_64_1_threads_1gbit_20_per_cent.svg"));
}

TEST_F(ResultsTest, ArePutOnAPageBesideThePapersWithDashesWhereThereIsNothing) {
  Measured measured{{{"machine", "ours"}, {"left_out", "Figure 5: 270 s"}}, {}};
  for (const std::int64_t nodes : {1, 2}) {
    measured.runs.push_back(run("gluster_from_vectors", nodes, {1, 1, 1, 1, 1}));
    measured.runs.push_back(run("matmul_mpi_openmp", nodes, {2, 2, 2, 2, 2}));
    for (bench::Run* run : {&measured.runs.back(), &measured.runs[measured.runs.size() - 2]}) run->facts["n"] = 1024;
  }
  const std::string text = page(measured);
  EXPECT_THAT(text, HasSubstr("| Gluster / MPI | 0.500 (0.500–0.500) | 0.500 (0.500–0.500) | – | – |"));
  EXPECT_THAT(text, HasSubstr("| Gluster | wins | wins | – | – |"));
  EXPECT_THAT(text, HasSubstr("| *4.04* | *2.13* | *0.852* | *0.567* |"));
  EXPECT_THAT(text, HasSubstr("| 8192, all threads | *456* | *334* | – | *70.8* | *42.8* |"));
  EXPECT_THAT(text, HasSubstr("it wins at 1 points, ties at 0, loses at 0;"));
  EXPECT_THAT(text, HasSubstr("**Left out** for lack of time or means: Figure 5: 270 s."));
  EXPECT_THAT(text, HasSubstr("Emulated: a node is a virtual host with 10 % of a core"));
  EXPECT_THAT(text, HasSubstr("## Table 1: one machine, without the library\n\nNot measured."));
  EXPECT_GT(fs::file_size(directory_ / "multiply_1024_1_threads_1gbit_10_per_cent.svg"), 1000U);
}

TEST_F(ResultsTest, OfAnAllocationsNodesHaveNoRateAndNoThrottling) {
  Measured measured{
      {}, {run("gluster_from_vectors", 2, {1, 1, 1, 1, 1}), run("matmul_openmp", 1, {2, 2, 2, 2, 2}), run("matmul_openmp", 1, {2, 2, 2, 2, 2})}};
  for (bench::Run& run : measured.runs) run.facts["cpu"] = "all", run.facts["rate"] = "", run.facts["link"] = "an allocation's own";
  measured.runs[1].facts["part"] = "alone";
  measured.runs[2].facts["part"] = "table1", measured.runs[2].facts["mode"] = "serial";
  const std::string text = page(measured);
  EXPECT_THAT(text, HasSubstr("### multiply, 64 × 64, 1 thread a node\n\nNodes: an allocation's own. The kernel alone on such a node: 2.00"));
  EXPECT_THAT(text, HasSubstr("## What the emulation itself does\n\nNot measured."));
}

TEST_F(ResultsTest, AtFullSpeedStandBesideTheirBudgetAndAreNoPointOfSeveralNodes) {
  Measured measured{{},
                    {run("gluster_in_place", 1, {3, 3, 3, 3, 3}), run("matmul_windows", 1, {2, 2, 2, 2, 2}), run("matmul_pdgemm", 1, {2, 2, 2, 2, 2}),
                     run("gluster_words", 1, {1, 1, 1, 1, 1}), run("word_count_mpi_openmp", 1, {2, 2, 2, 2, 2})}};
  for (bench::Run& run : measured.runs) {
    const auto n = run.facts.at("n");
    const bool is_words = run.facts.at("program").get<std::string>().find("word") != std::string::npos;
    const Facts what = is_words ? Facts{{"copies", 30}} : Facts{{"kernel", "multiply"}, {"n", n}};
    run.facts = {{"part", "full_speed"}, {"program", run.facts.at("program")}};
    run.facts.insert(what.begin(), what.end());
  }
  const std::string text = page(measured);
  EXPECT_THAT(
      text,
      HasSubstr("| multiply 64 | in node memory | 3.00 (3.00–3.00) | MPI with shared windows | 2.00 (2.00–2.00) | 1.500 (1.500–1.500) | ≤ 1.05 |"));
  EXPECT_THAT(text, HasSubstr("| multiply 64 | from vectors | – | ScaLAPACK's pdgemm, with distribution and gathering |"))
      << "it has not been measured";
  EXPECT_THAT(text, HasSubstr("| 30 copies of the text | from words in memory | 1.00 (1.00–1.00) | MPI |"));
  EXPECT_THAT(text, Not(HasSubstr("On two nodes and more, Gluster against")));
}

TEST_F(ResultsTest, OfTwoSetsThatShareNothingAreNotCompared) {
  write_hdf5(directory_ / "samples.h5", {{}, {run("a", 1, {1})}});
  fs::create_directories(directory_ / "other");
  write_hdf5(directory_ / "other" / "samples.h5", {{}, {run("b", 1, {1})}});
  EXPECT_THAT(
      [&] {
        compare({directory_.string(), (directory_ / "other").string()});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("have no point in common")));
}

TEST(ModelTest, PredictsComputingAloneOnOneNodeAndWhatGoesThroughTheFirstOnesCableOnMore) {
  const model::Way way{.call = 0.5, .second_byte = 0.25};
  EXPECT_DOUBLE_EQ(model::product_seconds(8, 1, 1, way), 8);
  EXPECT_DOUBLE_EQ(model::product_seconds(8, 1, 2, way), 4 + (1 + 2 * 0.5) * 8 * 0.25 + 1);
  EXPECT_DOUBLE_EQ(model::words_seconds(8, 100, 3, 2, way), 4 + 0.5 * 100 * 0.25 + 3 + 1);
  EXPECT_DOUBLE_EQ(model::most_runners(1, 0.01), 100);
}

}  // namespace
}  // namespace bench
