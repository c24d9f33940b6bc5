#include "master/dispatcher.hpp"

#include "fixtures/dispatcher_story.hpp"
#include "fixtures/throws_with.hpp"

// How plugins get to runners, and what waits for them.
namespace gluster::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DispatcherPluginsTest : public tests::DispatcherStory {
 protected:
  // Runners that serve, and have no plugin yet.
  void have_hosts(std::initializer_list<const char*> hosts) {
    expect_runners(static_cast<int>(hosts.size()));
    int rank = 0;
    for (const char* host : hosts) say_hello(++rank, host);
  }
};

TEST_F(DispatcherPluginsTest, OffersAPluginOnceToARunner) {
  have_hosts({"host"});
  for (std::int64_t i : {1, 2, 3}) submit(i);
  ASSERT_THAT(link.words_to(1), ElementsAre(Word::kPlugin)) << "and holds the calls";
  auto plugin = link.sent[0].read<wire::Plugin>();
  EXPECT_EQ(plugin.image, image);
  EXPECT_EQ(plugin.name, "numbers");
  EXPECT_EQ(plugin.digest, "numbers's digest");
  say_ready(1);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPlugin, Word::kCall, Word::kCall, Word::kCall));
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2, 3)) << "in order";
  submit(4);
  EXPECT_EQ(link.words_to(1).size(), 5u) << "straight away from now on";
}

TEST_F(DispatcherPluginsTest, OffersToARunnerOnlyWhatItIsGiven) {
  have_hosts({"host", "host"});
  submit(1);
  EXPECT_EQ(link.sent.size(), 1u);
  submit(2);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPlugin));
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPlugin));
}

TEST_F(DispatcherPluginsTest, OnePluginDoesNotHoldTheCallsOfAnother) {
  have_runners(1);
  KernelEntry other = add;
  other.image = add_image("others");
  auto held = std::make_shared<detail::CallOf<std::int64_t>>(nullptr);
  held->call.kernel = &other;
  std::int64_t seven = 7;
  auto packed = detail::argument(&seven);
  encode_call(other, {&packed, 1}, type_of<std::int64_t>(), held->call.frame);
  dispatcher->submit(held);
  submit(1);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPlugin, Word::kCall));
  EXPECT_THAT(arguments_sent(), ElementsAre(1));
}

TEST_F(DispatcherPluginsTest, SendsTheBytesOnceANode) {
  have_hosts({"host", "host", "host"});
  for (std::int64_t i : {1, 2, 3}) submit(i);
  link.take();
  say_wanted(2);
  say_wanted(1);
  say_wanted(3);
  ASSERT_THAT(link.words_to(2), ElementsAre(Word::kPluginBytes)) << "to the first that wants them";
  EXPECT_EQ(link.sent[0].read<wire::PluginBytes>().bytes, "numbers's object");
  EXPECT_THAT(link.words_to(1), IsEmpty());
  EXPECT_THAT(link.words_to(3), IsEmpty());
  say_ready(2);
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPluginBytes, Word::kCall));
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPlugin)) << "now it is in the node's cache";
  EXPECT_THAT(link.words_to(3), ElementsAre(Word::kPlugin));
  say_ready(1);
  say_ready(3);
  EXPECT_EQ(calls().size(), 3u);
}

TEST_F(DispatcherPluginsTest, SendsTheBytesToEachNode) {
  have_hosts({"one", "two"});
  submit(1);
  submit(2);
  link.take();
  say_wanted(1);
  say_wanted(2);
  EXPECT_THAT(link.words_to(1), ElementsAre(Word::kPluginBytes));
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPluginBytes));
}

TEST_F(DispatcherPluginsTest, SendsTheSourceToWhoMustCompileIt) {
  have_hosts({"host"});
  submit(1);
  link.take();
  say_wanted(1, wire::Wanted::kSource);
  auto bytes = link.sent.at(0).read<wire::PluginBytes>();
  EXPECT_EQ(bytes.what, wire::Wanted::kSource);
  EXPECT_EQ(bytes.bytes, "numbers's source");
}

TEST_F(DispatcherPluginsTest, WhoWantsThePluginAfterTheNodeHasItIsSentTheBytesItself) {
  have_hosts({"host", "host"});
  submit(1);
  submit(2);
  link.take();
  say_wanted(1);
  say_ready(1);
  link.take();
  say_wanted(2);  // its cache is another one, say
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPluginBytes));
}

TEST_F(DispatcherPluginsTest, AFailureFailsTheCallsThatWaitForIt) {
  have_hosts({"host"});
  auto one = submit(1), two = submit(2);
  say_failed(1, "host: does not compile");
  EXPECT_THROWS_WITH(value(one), PluginError, "host: does not compile");
  EXPECT_THROWS_WITH(value(two), PluginError, "does not compile");
  EXPECT_THAT(calls(), IsEmpty());
  auto three = submit(3);
  EXPECT_THROWS_WITH(value(three), PluginError, "does not compile");
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherPluginsTest, AFailureFailsWhatIsQueuedBehindIt) {
  expect_runners(1, 2);
  say_hello(1);
  std::vector<State<std::int64_t>> jobs;
  for (std::int64_t i = 0; i < 10; ++i) jobs.push_back(submit(i));
  say_failed(1, "no");
  for (auto& job : jobs) EXPECT_TRUE(job->ended());
  EXPECT_EQ(dispatcher->open(), 0u);
}

TEST_F(DispatcherPluginsTest, AFailureOfOneRunnerIsNotTheOthers) {
  have_hosts({"one", "two"});
  auto one = submit(1), two = submit(2);
  say_failed(1, "one: wrong CPU");
  say_ready(2);
  EXPECT_TRUE(one->ended());
  EXPECT_FALSE(two->ended());
  come(2, value_of(call_to(2), std::int64_t{22}));
  EXPECT_EQ(value(two), 22);
}

TEST_F(DispatcherPluginsTest, AFailureAfterTheBytesLetsTheNextOfTheNodeTry) {
  have_hosts({"host", "host"});
  submit(1);
  submit(2);
  link.take();
  say_wanted(1);
  say_wanted(2);
  link.take();
  say_failed(1, "host: no space left");
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPlugin)) << "offered again, not forgotten";
  say_wanted(2);
  EXPECT_THAT(link.words_to(2), ElementsAre(Word::kPlugin, Word::kPluginBytes));
}

TEST_F(DispatcherPluginsTest, CarriesACompilersOutputOfAnyLength) {
  have_hosts({"host"});
  auto job = submit(1);
  std::string output(100'000, 'e');
  say_failed(1, output);
  EXPECT_THROWS_WITH(value(job), PluginError, output);
}

TEST_F(DispatcherPluginsTest, CallsThatWaitForThePluginCountAgainstTheCredit) {
  expect_runners(1, 2);
  say_hello(1);
  for (std::int64_t i : {1, 2, 3}) submit(i);
  say_ready(1);
  EXPECT_THAT(arguments_sent(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace gluster::master
