// A map that keeps its values: what a later start runs, and what it refuses.
#include <gluster/map.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <mutex>
#include <ranges>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "data/journal.hpp"
#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Inputs that kernels were called with.
std::mutex ran_mutex;
std::multiset<std::int64_t> ran;
std::int64_t fails_at = -1;
std::int64_t square(std::int64_t x) {
  std::lock_guard lock(ran_mutex);
  ran.insert(x);
  if (x == fails_at) throw std::runtime_error("not yet");
  return x * x;
}
std::vector<double> row(std::int64_t x, std::span<const double> base) {
  square(x);
  std::vector<double> values(base.begin(), base.end());
  values.resize(1000, static_cast<double>(x));
  return values;
}
std::string shout(const std::string& word) { return word + "!"; }
void visit(std::int64_t x) { square(x); }

}  // namespace
}  // namespace gluster::tests

GLUSTER_EXPORT_AS(square, gluster::tests::square)
GLUSTER_EXPORT_AS(row, gluster::tests::row)
GLUSTER_EXPORT_AS(shout, gluster::tests::shout)
GLUSTER_EXPORT_AS(visit, gluster::tests::visit)

namespace gluster::tests {
namespace {

class MapJournalTest : public testing::Test {
 protected:
  MapJournalTest() { forget(); }
  static void forget() {
    std::lock_guard lock(ran_mutex);
    ran.clear();
    fails_at = -1;
  }
  MapOptions kept(OnError on_error = OnError::stop, std::int64_t chunk = 0) const {
    return {.chunk = chunk, .on_error = on_error, .journal = directory / "journal"};
  }
  // A program that starts, maps, and ends.
  template <class F>
  auto start(F&& what) const {
    LocalCluster cluster;
    cluster->import_self();
    return what(*cluster.cluster);
  }
  // One that takes so many items of `count` and goes.
  void leave_after(std::int64_t taken, std::int64_t count) const {
    start([&](Cluster& cluster) {
      MapOptions options = kept(OnError::stop, 10);
      options.window = 40;  // else all are run meanwhile
      auto map = cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, count), options);
      auto items = map.items();
      auto at = items.begin();
      for (std::int64_t i = 1; i < taken; ++i) ++at;
      return 0;
    });
  }
  std::string file() const { return bytes_of(directory / "journal"); }

  TemporaryDirectory directory;
};

std::vector<std::int64_t> squares(std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t x = 0; x < count; ++x) all.push_back(x * x);
  return all;
}

TEST_F(MapJournalTest, ASecondStartRunsNothingAgain) {
  for (int round = 0; round < 2; ++round) {
    auto values = start(
        [&](Cluster& cluster) { return cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{1000}), kept()).get(); });
    EXPECT_EQ(values, squares(1000)) << round;
    EXPECT_EQ(ran.size(), 1000u) << round;
  }
}

TEST_F(MapJournalTest, RunsWhatIsMissingAndGivesAllInOrder) {
  leave_after(300, 1000);
  const std::size_t before = data::read_journal(directory / "journal").maps.at(0).values.size();
  ASSERT_GE(before, 300u) << "what was given out is in it";
  ASSERT_LT(before, 1000u);
  forget();
  auto values = start(
      [&](Cluster& cluster) { return cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{1000}), kept()).get(); });
  EXPECT_EQ(values, squares(1000));
  EXPECT_EQ(ran.size(), 1000 - before);
  EXPECT_EQ(data::read_journal(directory / "journal").maps.at(0).values.size(), 1000u);
}

TEST_F(MapJournalTest, GivesEveryItemOnceAlsoAsTheyCome) {
  leave_after(50, 200);
  auto indices = start([&](Cluster& cluster) {
    std::multiset<std::size_t> seen;
    auto map = cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{200}), kept());
    for (auto& item : map.as_completed()) {
      EXPECT_EQ(item.get(), static_cast<std::int64_t>(item.index * item.index));
      seen.insert(item.index);
    }
    return seen;
  });
  EXPECT_THAT(indices, SizeIs(200));
  EXPECT_EQ(std::set<std::size_t>(indices.begin(), indices.end()).size(), 200u);
}

TEST_F(MapJournalTest, AnItemThatFailedIsRunAgain) {
  fails_at = 37;
  auto failed = start([&](Cluster& cluster) {
    std::vector<std::size_t> indices;
    auto map = cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{100}), kept(OnError::collect));
    for (auto& item : map.items())
      if (item.error) indices.push_back(item.index);
    return indices;
  });
  EXPECT_THAT(failed, ElementsAre(37));
  forget();
  EXPECT_EQ(start([&](Cluster& cluster) {
              return cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{100}), kept()).get();
            }),
            squares(100));
  EXPECT_THAT(ran, ElementsAre(37));
}

TEST_F(MapJournalTest, ErrorsNameTheInputsPlaceAndNotThatAmongWhatIsMissing) {
  fails_at = 37;
  auto run = [&] {
    return start([&](Cluster& cluster) {
      EXPECT_THROWS_WITH(cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{100}), kept(OnError::collect)).get(),
                         KernelError, "item 37:");
      return 0;
    });
  };
  run();
  run();
  EXPECT_EQ(ran.count(37), 2u);
  EXPECT_EQ(ran.size(), 101u);
}

TEST_F(MapJournalTest, TakesAnyInputsAndValues) {
  std::vector<std::string> words{"a", std::string(5000, 'b'), "c"};
  std::vector<double> base{1.5, 2.5};
  for (int round = 0; round < 2; ++round)
    start([&](Cluster& cluster) {
      EXPECT_THAT(cluster.map<std::string>("shout", words, MapOptions{.journal = directory / "words"}).get(),
                  ElementsAre("a!", words[1] + "!", "c!"));
      auto rows =
          cluster.map<std::vector<double>>("row", std::vector<std::int64_t>{4, 5}, MapOptions{.journal = directory / "rows"}, cluster.share(base))
              .get();
      EXPECT_EQ(rows.at(1).at(0), 1.5);
      EXPECT_EQ(rows.at(1).at(999), 5.0);
      cluster.parallel_for("visit", 10, 20, MapOptions{.journal = directory / "void"});
      auto lines = std::istringstream("1 2 3");
      EXPECT_THAT(cluster.map<std::int64_t>("square", std::views::istream<std::int64_t>(lines), MapOptions{.journal = directory / "stream"}).get(),
                  ElementsAre(1, 4, 9));
      auto shared = cluster.share(std::vector<std::int64_t>{6, 7});
      EXPECT_THAT(cluster.map<std::int64_t>("square", shared, MapOptions{.journal = directory / "shared"}).get(), ElementsAre(36, 49));
      return 0;
    });
  EXPECT_EQ(ran.size(), 2u + 10u + 3u + 2u);
}

TEST_F(MapJournalTest, OtherInputsAreRefusedAndTheJournalIsLeftAsItIs) {
  leave_after(50, 100);
  const std::string before = file();
  auto refused = [&](auto&& inputs, std::string_view why) {
    start([&](Cluster& cluster) {
      EXPECT_THROWS_WITH(cluster.map<std::int64_t>("square", inputs, kept()), UsageError, (directory / "journal").string(), why);
      return 0;
    });
    EXPECT_EQ(file(), before) << why;
  };
  refused(std::views::iota(std::int64_t{0}, std::int64_t{101}), "of 100 items");
  refused(std::views::iota(std::int64_t{1}, std::int64_t{101}), "other inputs");
  start([&](Cluster& cluster) {
    EXPECT_THROWS_WITH(cluster.map<std::string>("shout", std::vector<std::string>(100, "x"), kept()), UsageError, "square", "shout");
    return 0;
  });
  EXPECT_EQ(file(), before);
}

TEST_F(MapJournalTest, InputsThatCanBeReadOnlyOnceAreComparedOneByOne) {
  auto map = [&](const std::string& text) {
    return start([&](Cluster& cluster) {
      std::istringstream in(text);
      return cluster.map<std::int64_t>("square", std::views::istream<std::int64_t>(in), kept()).get();
    });
  };
  EXPECT_THAT(map("1 2 3"), ElementsAre(1, 4, 9));
  EXPECT_THAT(map("1 2 3 4"), ElementsAre(1, 4, 9, 16)) << "nobody knew where they would end";
  EXPECT_THROWS_WITH(map("1 5 3"), UsageError, "item 1 is another one");
}

TEST_F(MapJournalTest, CommonArgumentsAreInputsToo) {
  auto map = [&](double x) {
    return start([&](Cluster& cluster) {
      return cluster.map<std::vector<double>>("row", std::vector<std::int64_t>{1, 2}, kept(), cluster.share(std::vector<double>{x})).get();
    });
  };
  EXPECT_EQ(map(1.5), map(1.5));
  EXPECT_EQ(ran.size(), 2u);
  EXPECT_THROWS_WITH(map(2.5), UsageError, "other inputs");
}

TEST_F(MapJournalTest, MapsOfOneProgramShareAFileByTheirOrder) {
  auto run = [&] {
    return start([&](Cluster& cluster) {
      auto first = cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{10}), kept()).get();
      auto second = cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{10}, std::int64_t{20}), kept()).get();
      return std::pair(first, second);
    });
  };
  EXPECT_EQ(run(), run());
  EXPECT_EQ(ran.size(), 20u);
}

TEST_F(MapJournalTest, OfNothingIsNothing) {
  for (int round = 0; round < 2; ++round)
    EXPECT_THAT(start([&](Cluster& cluster) { return cluster.map<std::int64_t>("square", std::vector<std::int64_t>(), kept()).get(); }), IsEmpty());
}

TEST_F(MapJournalTest, AFoldHasNoValuesToKeep) {
  start([&](Cluster& cluster) {
    EXPECT_THROWS_WITH(cluster.map_reduce("square", std::views::iota(std::int64_t{0}, std::int64_t{9}), "add", std::int64_t{0}, kept()), UsageError,
                       "journal");
    return 0;
  });
}

TEST_F(MapJournalTest, ADiskThatIsFullEndsTheMapAndKeepsWhatWasThere) {
  leave_after(50, 1000);
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit little = old;
  little.rlim_cur = file().size() + 500;
  auto signal = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  start([&](Cluster& cluster) {
    EXPECT_THROWS_WITH(cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{1000}), kept()).get(), Error, "journal",
                       "File too large");
    return 0;
  });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, signal);
  EXPECT_EQ(start([&](Cluster& cluster) {
              return cluster.map<std::int64_t>("square", std::views::iota(std::int64_t{0}, std::int64_t{1000}), kept()).get();
            }),
            squares(1000));
}

TEST_F(MapJournalTest, CallsByJsonKeepTheirValuesToo) {
  const JsonItems items{4, [](std::int64_t at) { return std::to_string(at); }};
  for (int round = 0; round < 2; ++round)
    start([&](Cluster& cluster) {
      EXPECT_THAT(cluster.map_json("square", items, kept()).get(), ElementsAre("0", "1", "4", "9"));
      return 0;
    });
  EXPECT_EQ(ran.size(), 4u);
}

}  // namespace
}  // namespace gluster::tests
