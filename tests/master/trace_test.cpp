#include "master/trace.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using nlohmann::json;

json read(const std::filesystem::path& file) { return json::parse(std::ifstream(file)); }

std::vector<json> events(const json& trace, const std::string& name, const std::string& phase) {
  std::vector<json> found;
  for (const json& event : trace.at("traceEvents"))
    if (event.at("name") == name && event.at("ph") == phase) found.push_back(event);
  return found;
}

class TraceTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  std::filesystem::path file = directory / "run.json";
};

TEST_F(TraceTest, TellsWhatEachCallDidInOrder) {
  LocalCluster cluster(16, true, file);
  cluster->import_self();
  std::vector<double> large(100'000, 1.0);
  EXPECT_EQ(cluster->run<double>("total", view(large)).get(), 100'000.0);
  EXPECT_THROW(cluster->run<void>("fail", "on purpose").get(), KernelError);
  cluster.end();

  json trace = read(file);
  EXPECT_EQ(trace.at("otherData").at("calls left out"), 0);
  auto names = events(trace, "process_name", "M");
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[1].at("args").at("name"), "rank 1 (local)");
  auto totals = events(trace, "master_trace_test.total", "X");
  ASSERT_EQ(totals.size(), 1u);
  const json& total = totals[0];
  EXPECT_EQ(total.at("pid"), 1);
  EXPECT_GT(total.at("dur"), 0.0);
  EXPECT_GE(total.at("args").at("bytes in"), 800'000);
  EXPECT_EQ(total.at("args").at("failed"), false);
  EXPECT_EQ(events(trace, "master_trace_test.fail", "X").at(0).at("args").at("failed"), true);
  // Each step of it ends where the next begins.
  std::vector<double> steps;
  for (const char* step : {"queued", "sending", "returning"})
    for (const char* phase : {"b", "e"})
      for (const json& event : events(trace, step, phase))
        if (event.at("id") == total.at("args").at("call")) steps.push_back(event.at("ts"));
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_TRUE(std::ranges::is_sorted(steps)) << testing::PrintToString(steps);
  EXPECT_EQ(steps[1], steps[2]);
  EXPECT_EQ(steps[3], total.at("ts"));
}

TEST_F(TraceTest, ShowsTheMastersWaits) {
  gate.close();
  LocalCluster cluster(16, true, file);
  cluster->import_self();
  auto job = cluster->run<std::int64_t>("wait_for_gate", std::int64_t{1});
  EXPECT_FALSE(job.wait_for(std::chrono::milliseconds(1)));
  gate.open();
  job.get();
  cluster.end();
  EXPECT_FALSE(events(read(file), "waiting", "X").empty());
}

TEST_F(TraceTest, OfARunWithoutCallsIsValid) {
  LocalCluster(16, true, file).end();
  EXPECT_EQ(events(read(file), "queued", "b").size(), 0u);
}

TEST_F(TraceTest, AFileThatCannotBeWrittenIsRefusedAtOnce) {
  EXPECT_THROWS_WITH(master::Trace(directory / "nowhere" / "run.json"), UsageError, "nowhere/run.json", "GLUSTER_TRACE", "No such file");
}

}  // namespace
}  // namespace gluster::tests
