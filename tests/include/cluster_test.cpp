#include <gluster/cluster.hpp>

#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

// What a user writes, over a runner on a thread.
namespace gluster {
namespace {

using tests::bytes_of;
using tests::object;

class ClusterTest : public testing::Test {
 protected:
  std::filesystem::path source(const std::string& name, const std::string& body) {
    return cluster.directory.file(name, "#include <gluster/plugin.hpp>\n" + body);
  }

  tests::LocalCluster cluster;
};

TEST_F(ClusterTest, RunsTheKernelsOfABuiltPlugin) {
  cluster->import_functions(object("sample"));
  EXPECT_EQ(cluster->run<std::int64_t>("sample.add", 2, 3).get(), 5);
  EXPECT_EQ(cluster->run<double>("total", std::vector<double>{1, 2}).get(), 3.0) << "its bare name";
  EXPECT_THROWS_WITH(cluster->run<void>("sample.fail", "text").get(), KernelError, "std::out_of_range: text");
}

TEST_F(ClusterTest, RunsTheKernelsOfASource) {
  cluster->import_functions(source("thrice.cpp", "double times(double x) { return 3 * x; }\nGLUSTER_EXPORT(times)\n"));
  EXPECT_EQ(cluster->run<double>("thrice.times", 2).get(), 6.0);
}

TEST_F(ClusterTest, TheSamePathWithOtherBytesReplacesIt) {
  auto path = cluster.directory.file("libx.so", bytes_of(object("sample")));
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<std::int64_t>("x.add", 2, 3).get(), 5);
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<std::int64_t>("x.add", 2, 3).get(), 5) << "nothing has changed";
  cluster.directory.file("libx.so", bytes_of(object("other_sample")));
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<std::int64_t>("x.add", 2, 3).get(), 2003);
  EXPECT_EQ(cluster->run<std::int64_t>("x.subtract", 2, 3).get(), -1);
  EXPECT_THROWS_WITH(cluster->run<double>("x.total", std::vector<double>{}), UsageError, "no kernel called x.total");
  cluster.directory.file("libx.so", bytes_of(object("sample")));
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<std::int64_t>("x.add", 2, 3).get(), 5) << "and back";
}

TEST_F(ClusterTest, ASourceThatChangedIsNotItsElder) {
  auto body = [](int by) {
    return "inline int count() { static int n = 0; return ++n; }\nint next() { return " + std::to_string(by) +
           " * count(); }\nGLUSTER_EXPORT(next)\n";
  };
  auto path = source("counter.cpp", body(1));
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<int>("counter.next").get(), 1);
  source("counter.cpp", body(100));
  cluster->import_functions(path);
  EXPECT_EQ(cluster->run<int>("counter.next").get(), 100) << "with statics of its own";
}

TEST_F(ClusterTest, TheSameContentUnderAnotherNameIsThereUnderBoth) {
  cluster->import_functions(cluster.directory.file("libone.so", bytes_of(object("sample"))));
  cluster->import_functions(cluster.directory.file("libtwo.so", bytes_of(object("sample"))));
  EXPECT_EQ(cluster->run<std::int64_t>("one.add", 2, 3).get(), 5);
  EXPECT_EQ(cluster->run<std::int64_t>("two.add", 2, 3).get(), 5);
  EXPECT_THROWS_WITH(cluster->run<std::int64_t>("add", 2, 3), UsageError, "several plugins");
}

TEST_F(ClusterTest, TwoPathsWithOneStemAreAUsageError) {
  cluster->import_functions(cluster.directory.file("a/libx.so", bytes_of(object("sample"))));
  EXPECT_THROWS_WITH(cluster->import_functions(cluster.directory.file("b/libx.so", bytes_of(object("sample")))), UsageError, "rename");
}

TEST_F(ClusterTest, AnImportThatFailsChangesNothing) {
  auto path = cluster.directory.file("libx.so", bytes_of(object("sample")));
  cluster->import_functions(path);
  cluster.directory.file("libx.so", "no plugin");
  EXPECT_THROWS_WITH(cluster->import_functions(path), PluginError, "no ELF file");
  EXPECT_EQ(cluster->run<std::int64_t>("x.add", 2, 3).get(), 5);
  EXPECT_THROWS_WITH(cluster->import_functions(cluster.directory / "none.cpp"), PluginError, "none.cpp");
  EXPECT_THROWS_WITH(cluster->import_functions(source("bad.cpp", "int x = y;\n")), PluginError, "bad.cpp");
  EXPECT_EQ(cluster->kernels().size(), 4u);
}

TEST_F(ClusterTest, ChecksACallBeforeAnythingIsSent) {
  cluster->import_functions(object("sample"));
  EXPECT_THROWS_WITH(cluster->run<std::int64_t>("sample.ad", 2, 3), UsageError, "the nearest is sample.add");
  EXPECT_THROWS_WITH(cluster->run<std::int64_t>("sample.add", 2), UsageError, "1 argument given, the kernel takes 2");
  EXPECT_THROWS_WITH(cluster->run<std::int64_t>("sample.add", 2, 2.5), UsageError, "argument 2 is f64, the kernel takes i64", "2.5");
  EXPECT_THROWS_WITH(cluster->run<int>("sample.add", 2, 3), UsageError, "the call expects i32, the kernel returns i64");
  EXPECT_THROWS_WITH(cluster->run<double>("sample.total", std::vector<float>{1}), UsageError, "[f32]");
  EXPECT_THROWS_WITH(cluster->run<double>("sample.total", nullptr), UsageError, "null pointer");
  EXPECT_EQ(cluster->run<std::int64_t>("sample.add", 2.0, std::uint8_t{3}).get(), 5);
}

TEST_F(ClusterTest, OfAPointerTheThingItPointsToIsSent) {
  cluster->import_functions(object("sample"));
  std::vector<double> x{1, 2};
  EXPECT_EQ(cluster->run<double>("total", &x).get(), 3.0);
  EXPECT_EQ(cluster->run<double>("total", std::make_unique<std::vector<double>>(x)).get(), 3.0);
  EXPECT_EQ(cluster->run<double>("total", std::make_shared<std::vector<double>>(x)).get(), 3.0);
  EXPECT_THROWS_WITH(cluster->run<double>("total", std::unique_ptr<std::vector<double>>()), UsageError, "null pointer");
  EXPECT_THROWS_WITH(cluster->run<void>("fail", static_cast<const char*>(nullptr)), UsageError, "null pointer");
}

TEST_F(ClusterTest, AnLvalueIsCopiedAtTheCall) {
  cluster->import_self();
  tests::gate.close();
  auto first = cluster->run<std::int64_t>("wait_for_gate", 0);
  std::vector<double> large(100'000, 1), small{1};
  auto of_large = cluster->run<double>("total", large), of_small = cluster->run<double>("total", small);
  large.assign(large.size(), 666);
  small[0] = 666;
  tests::gate.open();
  EXPECT_EQ(of_large.get(), 100'000.0);
  EXPECT_EQ(of_small.get(), 1.0);
  first.get();
}

TEST_F(ClusterTest, AHandleFindsAndChecksItsKernelOnce) {
  cluster->import_functions(object("sample"));
  auto add = cluster->function<std::int64_t(std::int64_t, std::int64_t)>("sample.add");
  auto copy = add;
  EXPECT_EQ(add(2, 3).get() + copy(4, 5).get(), 14);
  EXPECT_THROWS_WITH(add(2, 0.5), UsageError, "argument 2 is f64");
  EXPECT_THROWS_WITH(cluster->function<std::int64_t(std::int64_t)>("sample.add"), UsageError, "the handle has 1 argument");
  EXPECT_THROWS_WITH(cluster->function<float(std::int64_t, std::int64_t)>("sample.add"), UsageError, "the handle expects f32");
  EXPECT_THROWS_WITH(cluster->function<double(std::string)>("sample.total"), UsageError, "argument 1 is str");
  EXPECT_THROWS_WITH(cluster->function<int()>("nothing.at_all"), UsageError, "no kernel called");
  EXPECT_EQ((cluster->function<double(std::span<const double>)>("total")(std::vector<double>{1, 2}).get()), 3.0);
}

TEST_F(ClusterTest, ListsKernelsAndRunners) {
  cluster->import_functions(object("sample"));
  auto kernels = cluster->kernels();
  ASSERT_EQ(kernels.size(), 4u);
  EXPECT_EQ(kernels[0].name, "sample.add");
  EXPECT_EQ(kernels[0].signature, "i64(i64,i64)");
  EXPECT_EQ(kernels[0].documentation, "a + b.");
  EXPECT_THAT(kernels[0].parameters, testing::ElementsAre("a", "b"));
  EXPECT_EQ(cluster->workers(), 1);
  ASSERT_EQ(cluster->runners().size(), 1u);
  EXPECT_EQ(cluster->runners()[0].host, "local");
  EXPECT_EQ(cluster->runners()[0].rank, 1);
  EXPECT_THROWS_WITH(cluster->use_host("elsewhere"), UsageError, "elsewhere");
  EXPECT_NO_THROW(cluster->use_host("local"));
  EXPECT_THROWS_WITH(cluster->set_log_level("loud"), UsageError, "loud");
}

TEST(SplitTest, MakesNearlyEqualRangesInOrder) {
  auto sizes = [](std::int64_t count, int parts) {
    std::vector<std::int64_t> all;
    std::int64_t at = 0;
    for (const Range& range : split(count, parts)) {
      EXPECT_EQ(range.begin, at);
      at = range.end;
      all.push_back(range.size());
    }
    EXPECT_EQ(at, count);
    return all;
  };
  EXPECT_THAT(sizes(10, 3), testing::ElementsAre(4, 3, 3));
  EXPECT_THAT(sizes(9, 3), testing::ElementsAre(3, 3, 3));
  EXPECT_THAT(sizes(2, 5), testing::ElementsAre(1, 1)) << "no empty ranges";
  EXPECT_THAT(sizes(0, 5), testing::IsEmpty());
  EXPECT_EQ(sizes(std::int64_t{1} << 40, 7).size(), 7u);
  EXPECT_THROW(split(1, 0), UsageError);
  EXPECT_THROW(split(-1, 2), UsageError);
}

}  // namespace
}  // namespace gluster
