// Datasets as arguments: the runner reads them when their call's turn has come.
#include <gluster/dataset.hpp>

#include <numeric>
#include <optional>

#include <gmock/gmock.h>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using testing::ElementsAre;

double sum(std::span<const double> x) { return std::accumulate(x.begin(), x.end(), 0.0); }
std::vector<double> doubled(std::vector<double> x, double by) {
  for (double& each : x) each *= by;
  return x;
}
std::int64_t first_of(const Block<std::int64_t>& x) { return x[0]; }
double sum_of_pointed(std::unique_ptr<std::vector<double>> x) { return sum(*x); }
double sum_of_all(std::span<const double> x, std::span<const double> y) { return sum(x) + sum(y); }
void copy(std::span<double> out, std::span<const double> x) { std::copy(x.begin(), x.end(), out.begin()); }
std::string text(std::string x) { return x; }

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(sum, gluster::tests::sum)
GLUSTER_EXPORT_AS(doubled, gluster::tests::doubled)
GLUSTER_EXPORT_AS(first_of, gluster::tests::first_of)
GLUSTER_EXPORT_AS(sum_of_pointed, gluster::tests::sum_of_pointed)
GLUSTER_EXPORT_AS(sum_of_all, gluster::tests::sum_of_all)
GLUSTER_EXPORT_AS(copy, gluster::tests::copy)
GLUSTER_EXPORT_AS(text, gluster::tests::text)

namespace gluster::tests {
namespace {

class DatasetsTest : public LocalClusterTest {
 protected:
  std::string at(const std::string& file) const { return (files / file).string() + ":/a"; }
  // 0, 1, 2, … in rows of three.
  template <class T = double>
  Dataset make(std::uint64_t rows, const std::string& file = "f.h5") {
    std::vector<T> all(rows * 3);
    std::iota(all.begin(), all.end(), T{});
    DatasetWriter<T> out(at(file), {rows, 3}, IfThere::replace);
    out.write(0, all);
    out.finish();
    return dataset(at(file));
  }
  TemporaryDirectory files;
};

TEST_F(DatasetsTest, IsWhateverSequenceTheKernelTakes) {
  const Dataset a = make(2);
  EXPECT_EQ(cluster->run<double>("sum", a).get(), 15);
  EXPECT_THAT(cluster->run<std::vector<double>>("doubled", a.part(1, 1), 2).get(), ElementsAre(6, 8, 10));
  EXPECT_EQ(cluster->run<double>("sum_of_pointed", a).get(), 15);
  EXPECT_EQ(cluster->run<std::int64_t>("first_of", make<std::int64_t>(2).part(1, 1)).get(), 3);
}

TEST_F(DatasetsTest, LargeOnesAndSeveralOfACall) {
  const Dataset a = make(100'000);
  const double all = 300'000.0 * 299'999 / 2;
  EXPECT_EQ(cluster->run<double>("sum_of_all", a, a.part(0, 50'000)).get() + cluster->run<double>("sum", a.part(50'000, 50'000)).get(), 2 * all);
}

TEST_F(DatasetsTest, BesideOutputs) {
  const Dataset a = make(1);
  std::vector<double> out(3);
  cluster->run_into(std::span(out), "copy", a).get();
  EXPECT_THAT(out, ElementsAre(0, 1, 2));
}

TEST_F(DatasetsTest, AreTheItemsOfAMap) {
  const Dataset a = make(1000);
  auto rows = std::views::iota(std::uint64_t{0}, a.size()) | std::views::transform([&](std::uint64_t row) { return a.part(row, 1); });
  std::vector<double> sums = cluster->map<double>("sum", rows).get();
  ASSERT_EQ(sums.size(), 1000u);
  EXPECT_EQ(sums[999], 3 * 2998);
  const std::vector<Dataset> kept{a.part(0, 1), a.part(7, 1)};
  EXPECT_THAT(cluster->map<double>("sum", kept).get(), ElementsAre(3, 66));
}

TEST_F(DatasetsTest, FollowEachItemOfAMap) {
  const Dataset a = make(1);
  EXPECT_THAT(cluster->map<double>("sum_of_all", std::vector<std::vector<double>>{{1}, {2}}, a).get(), ElementsAre(4, 5));
}

TEST_F(DatasetsTest, OfAnotherTypeAreRefusedBeforeAnythingIsSent) {
  const Dataset a = make<std::int64_t>(2);
  EXPECT_THROWS_WITH((void)cluster->run<double>("sum", a), DataError, "sum", "argument 1", "f.h5:/a", "[f64] wanted, [i64] found");
  EXPECT_THROWS_WITH((void)cluster->run<std::string>("text", a), DataError, "str wanted, [i64] found");
  EXPECT_THROWS_WITH((void)cluster->map<double>("sum", std::vector{a}).get(), DataError, "[f64] wanted, [i64] found");
}

TEST_F(DatasetsTest, ThatChangedMeanwhileFailTheirCallAlone) {
  const Dataset a = make(4), b = make(4, "g.h5");
  make(2);
  EXPECT_THROWS_WITH(cluster->run<double>("sum", a).get(), DataError, "sum on rank 1", "f.h5:/a",
                     "rows 0 to 4 of 3 elements each wanted, 2 × 3 found");
  EXPECT_EQ(cluster->run<double>("sum", b).get(), 66) << "and the runner goes on";
  std::filesystem::remove(files / "f.h5");
  auto map = cluster->map<double>("sum", std::vector{b, a}, {.on_error = OnError::collect});
  std::vector<std::string> errors;
  for (auto& item : map.items()) {
    if (!item.error) continue;
    EXPECT_EQ(item.index, 1u);
    EXPECT_THROWS_WITH(item.get(), DataError, "item 1", "there is no file");
    errors.push_back("one");
  }
  EXPECT_EQ(errors.size(), 1u);
}

TEST_F(DatasetsTest, AreNamedInJson) {
  make(2);
  const std::vector<std::string> named{"{\"dataset\": \"" + at("f.h5") + "\"}"};
  EXPECT_EQ(cluster->run_json("sum", named).get(), "15.0");
  const std::vector<std::string> other{"{\"dataset\": \"" + at("g.h5") + "\"}"};
  EXPECT_THROWS_WITH((void)cluster->run_json("sum", other), DataError, "there is no file");
  EXPECT_THROWS_WITH((void)cluster->run_json("text", named), UsageError, "str");
}

TEST_F(DatasetsTest, TheirRowsAreItemsOfAMapInJson) {
  const Dataset a = make(3);
  EXPECT_THAT(cluster->map_json("sum", {3, {}, a}).get(), ElementsAre("3.0", "12.0", "21.0"));
}

TEST_F(DatasetsTest, AJournalKnowsWhenTheFileHasChanged) {
  const auto sums = [&](const Dataset& rows) {  // of a program that starts, maps, and ends
    LocalCluster once;
    once->import_self();
    return once->map_json("sum", {static_cast<std::int64_t>(rows.size()), {}, rows}, {.journal = files / "journal"}).get();
  };
  EXPECT_THAT(sums(make(2)), ElementsAre("3.0", "12.0"));
  EXPECT_THAT(sums(dataset(at("f.h5"))), ElementsAre("3.0", "12.0")) << "it is what it was";
  EXPECT_THROWS_WITH((void)sums(make(2)), UsageError, "other inputs");
}

}  // namespace
}  // namespace gluster::tests
