#include "runner/runner.hpp"

#include "fixtures/fake_link.hpp"
#include "fixtures/kernel_table.hpp"
#include "fixtures/local_cluster.hpp"

// A runner alone; the test is its master, word by word.
namespace gluster::runner {
namespace {

using tests::eventually;
using tests::gate;
using wire::Outcome;
using wire::Word;

// What came from the runner, each with its content.
class Ear final : public wire::Receiver {
 public:
  struct Heard {
    Word word;
    std::uint64_t number;
    std::uint16_t attempt;
    std::vector<std::byte> body;
    template <class Message>
    Message read() const {
      tests::Carried carried(body, 0);
      Decoder in(carried.body(), 0);
      Message message;
      wire::open(in, message);
      return message;
    }
    wire::ResultHead head() const {
      wire::ResultHead head;
      std::memcpy(&head, body.data(), sizeof head);
      return head;
    }
    Outcome outcome() const { return static_cast<Outcome>(head().outcome); }
    std::int64_t value() const {
      std::int64_t value;
      std::memcpy(&value, &body.at(sizeof(wire::ResultHead)), sizeof value);
      return value;
    }
    wire::Failure failure() const {
      tests::Carried carried(std::span<const std::byte>(body).subspan(sizeof(wire::ResultHead)), 0);
      Decoder in(carried.body(), 0);
      wire::Failure failure;
      wire::open(in, failure);
      return failure;
    }
  };

  void opened(wire::Incoming& frame) override {
    Heard one{frame.head.word, frame.head.number, frame.head.attempt, std::vector<std::byte>(frame.head.body)};
    for (std::byte& byte : one.body) byte = frame.in.get<std::byte>();
    heard.push_back(std::move(one));
  }
  void arrived(std::unique_ptr<wire::Incoming>&&) override {}
  void left(int, const wire::Frame&) override {}

  std::deque<Heard> heard;
};

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    gate.close();
    std::tie(link, theirs_) = wire::LocalLink::pair(0, 1);
    runner_ = std::thread([this] {
      plugin::Shelf shelf(directory / "cache", GLUSTER_TEST_COMPILER);
      Plugins plugins(shelf, gluster_manifest(), baton);
      tests::Nobody nobody;
      Operands operands({});
      Runner({theirs_.get(), &baton, &plugins, &operands, &nobody, 0, true, wire::Hello{"here", "x86_64", "Linux", "cpu", "program", 2, 3, 4}, {}})
          .serve();
    });
  }
  ~RunnerTest() override {
    gate.open();
    link->send(1, wire::frame_of(Word::kStop, 999));
    EXPECT_TRUE(listen([&](const Ear::Heard& one) { return one.word == Word::kGoodbye; })) << "a runner answers Stop";
    runner_.join();
  }

  // Until one that was heard is the one; null when the time is over.
  template <class F>
  const Ear::Heard* listen(F&& is_it) {
    const Ear::Heard* found = nullptr;
    eventually([&] {
      link->poll(ear);
      auto at = std::find_if(ear.heard.begin(), ear.heard.end(), is_it);
      found = at == ear.heard.end() ? nullptr : &*at;
      return found != nullptr;
    });
    return found;
  }
  const Ear::Heard& hear(Word word, std::uint64_t number) {
    const Ear::Heard* found = listen([&](const Ear::Heard& one) { return one.word == word && one.number == number; });
    if (found == nullptr) throw std::runtime_error("the runner said nothing");
    return *found;
  }
  void have_plugin() {
    auto table = plugin::Library::of(*gluster_manifest(), "own");
    link->send(1, wire::frame_of(Word::kPlugin, 500, wire::Plugin{0, "own", "/own", table->fingerprint(), table->fingerprint(), "", "", true}));
    hear(Word::kPluginReady, 500);
    for (std::uint32_t i = 0; i < table->entries().size(); ++i) numbers[table->entries()[i].kernel->name] = i;
  }
  template <class... A>
  void call(std::uint64_t number, const std::string& kernel, const A&... arguments) {
    auto content = std::make_shared<std::pair<Encoder, std::tuple<A...>>>(Encoder(), std::tuple<A...>(arguments...));
    Encoder& out = content->first;
    out.put(wire::CallHead{0, numbers.at(kernel)});
    for (std::size_t i = 0; i < sizeof...(A); ++i) out.put(ArgumentKind::value);
    std::apply([&](const auto&... argument) { (detail::encode(out, argument), ...); }, content->second);
    out.close();
    link->send(1, {Word::kCall, 1, number, &out, content});
  }
  void send_raw(Word word, std::uint64_t number, const std::function<void(Encoder&)>& write) {
    auto content = std::make_shared<Encoder>();
    write(*content);
    link->send(1, {word, 1, number, content.get(), content});
  }

  tests::TemporaryDirectory directory;
  mpi::Baton baton;
  std::map<std::string, std::uint32_t> numbers;
  std::unique_ptr<wire::Link> link;
  Ear ear;

 private:
  std::unique_ptr<wire::Link> theirs_;
  std::thread runner_;
};

TEST_F(RunnerTest, SaysHelloFirst) {
  const Ear::Heard* first = listen([](const auto&) { return true; });
  ASSERT_NE(first, nullptr);
  ASSERT_EQ(first->word, Word::kHello);
  auto hello = first->read<wire::Hello>();
  EXPECT_EQ(hello.host, "here");
  EXPECT_EQ(hello.threads, 3);
}

TEST_F(RunnerTest, AnswersEachCallWithItsNumberAndAttempt) {
  have_plugin();
  for (std::uint64_t i = 1; i <= 10; ++i) call(i, "add", static_cast<std::int64_t>(i), std::int64_t{100});
  for (std::uint64_t i = 1; i <= 10; ++i) {
    const auto& result = hear(Word::kResult, i);
    EXPECT_EQ(result.outcome(), Outcome::kValue);
    EXPECT_EQ(result.value(), static_cast<std::int64_t>(i) + 100);
    EXPECT_EQ(result.attempt, 1);
  }
}

TEST_F(RunnerTest, ReadsLargeArguments) {
  have_plugin();
  call(1, "total", std::vector<double>(100'000, 0.5));
  const auto& result = hear(Word::kResult, 1);
  double total;
  std::memcpy(&total, &result.body.at(sizeof(wire::ResultHead)), sizeof total);
  EXPECT_EQ(total, 50'000.0);
}

TEST_F(RunnerTest, RefusesAPluginThatIsNotHere) {
  send_raw(Word::kCall, 1, [](Encoder& out) { out.put(wire::CallHead{0, 0}); });
  const auto& result = hear(Word::kResult, 1);
  EXPECT_EQ(result.outcome(), Outcome::kRefused);
  EXPECT_EQ(result.failure().type, "gluster::DataError");
  EXPECT_THAT(result.failure().message, testing::HasSubstr("not here"));
}

TEST_F(RunnerTest, RefusesWhatIsNoCallOfTheKernelAndGoesOn) {
  have_plugin();
  std::uint64_t number = 1;
  auto expect_refused = [&](const std::function<void(Encoder&)>& write) {
    send_raw(Word::kCall, ++number, write);
    const auto& result = hear(Word::kResult, number);
    EXPECT_EQ(result.outcome(), Outcome::kRefused);
    EXPECT_EQ(result.failure().type, "gluster::DataError");
  };
  wire::CallHead add{0, numbers.at("add")};
  expect_refused([&](Encoder&) {});
  expect_refused([&](Encoder& out) { out.put(add); });
  expect_refused([&](Encoder& out) { out.put(add), out.put(ArgumentKind::value), out.put(ArgumentKind::value), out.put(std::int64_t{1}); });
  expect_refused([&](Encoder& out) {
    out.put(add), out.put(ArgumentKind::value), out.put(ArgumentKind::value);
    for (int i = 0; i < 3; ++i) out.put(std::int64_t{1});
  });
  expect_refused([&](Encoder& out) {
    out.put(add), out.put(ArgumentKind::shared), out.put(ArgumentKind::value), out.put(std::int64_t{1}), out.put(std::int64_t{1});
  });
  expect_refused([&](Encoder& out) { out.put(wire::CallHead{0, 4711}); });
  call(1, "add", std::int64_t{1}, std::int64_t{2});
  EXPECT_EQ(hear(Word::kResult, 1).value(), 3);
}

TEST_F(RunnerTest, IgnoresWordsThatAMasterDoesNotSay) {
  have_plugin();
  for (Word word : {Word::kHello, Word::kResult, Word::kPluginReady, static_cast<Word>(0), static_cast<Word>(255)})
    link->send(1, wire::frame_of(word, 7));
  send_raw(Word::kPlugin, 8, [](Encoder& out) { out.put(std::uint8_t{1}); });
  send_raw(Word::kPing, 9, [](Encoder&) {});
  call(1, "add", std::int64_t{1}, std::int64_t{2});
  EXPECT_EQ(hear(Word::kResult, 1).value(), 3);
}

TEST_F(RunnerTest, AnswersAPingWhileAKernelRuns) {
  have_plugin();
  call(1, "wait_for_gate", std::int64_t{5});
  ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
  link->send(1, wire::frame_of(Word::kPing, 2, wire::Ping{1234}));
  auto pong = hear(Word::kPong, 2).read<wire::Pong>();
  EXPECT_EQ(pong.sent, 1234);
  EXPECT_EQ(pong.kernel, "own.wait_for_gate");
  EXPECT_EQ(pong.calls_done, 0u);
  EXPECT_GT(pong.memory, 0u);
  gate.open();
  EXPECT_EQ(hear(Word::kResult, 1).value(), 5);
  link->send(1, wire::frame_of(Word::kPing, 3, wire::Ping{1}));
  auto after = hear(Word::kPong, 3).read<wire::Pong>();
  EXPECT_EQ(after.kernel, "");
  EXPECT_EQ(after.calls_done, 1u);
}

TEST_F(RunnerTest, DropsACancelledCallThatHasNotStartedAndSaysSo) {
  have_plugin();
  call(1, "wait_for_gate", std::int64_t{5});
  ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
  call(2, "wait_for_gate", std::int64_t{6});
  call(3, "total", std::vector<double>(100'000, 0.5));
  link->send(1, wire::frame_of(Word::kCancel, 2));
  link->send(1, wire::frame_of(Word::kCancel, 3));
  EXPECT_EQ(hear(Word::kResult, 2).outcome(), Outcome::kDropped) << "while the first still runs";
  EXPECT_EQ(hear(Word::kResult, 3).outcome(), Outcome::kDropped);
  gate.open();
  EXPECT_EQ(hear(Word::kResult, 1).value(), 5);
  EXPECT_EQ(gate.inside(), 1) << "the second never ran";
}

TEST_F(RunnerTest, ACancelOfWhatRunsOrIsUnknownChangesNothing) {
  have_plugin();
  call(1, "wait_for_gate", std::int64_t{5});
  ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
  link->send(1, wire::frame_of(Word::kCancel, 1));
  link->send(1, wire::frame_of(Word::kCancel, 4711));
  gate.open();
  EXPECT_EQ(hear(Word::kResult, 1).value(), 5);
  call(4711, "add", std::int64_t{1}, std::int64_t{2});
  EXPECT_EQ(hear(Word::kResult, 4711).outcome(), Outcome::kValue) << "not taken for the one that was cancelled before it came";
}

TEST_F(RunnerTest, GoesOnWithTheNextCallWhileTheBatonIsBusy) {
  have_plugin();
  call(1, "wait_for_gate", std::int64_t{5});
  call(2, "wait_for_gate", std::int64_t{6});
  ASSERT_TRUE(eventually([] { return gate.inside() == 1; }));
  link->send(1, wire::frame_of(Word::kPing, 3, wire::Ping{1}));
  hear(Word::kPong, 3);  // both calls are there
  {
    std::lock_guard busy(baton);  // as the helper has it while MPI copies
    gate.open();
    EXPECT_TRUE(eventually([] { return gate.inside() == 2; }));
  }
  EXPECT_EQ(hear(Word::kResult, 1).value(), 5);
  EXPECT_EQ(hear(Word::kResult, 2).value(), 6);
  call(4, "add", std::int64_t{1}, std::int64_t{2});
  EXPECT_EQ(hear(Word::kResult, 4).value(), 3);
}

TEST_F(RunnerTest, TellsWhatAKernelThrew) {
  have_plugin();
  call(1, "fail", std::string("at 5"));
  const auto& result = hear(Word::kResult, 1);
  EXPECT_EQ(result.outcome(), Outcome::kThrew);
  EXPECT_EQ(result.failure().type, "std::out_of_range");
  EXPECT_EQ(result.failure().message, "at 5");
}

TEST_F(RunnerTest, RunsWhatWasSentBeforeStop) {
  have_plugin();
  call(1, "wait_for_gate", std::int64_t{5});
  call(2, "add", std::int64_t{1}, std::int64_t{2});
  link->send(1, wire::frame_of(Word::kStop, 3));
  gate.open();
  EXPECT_EQ(hear(Word::kResult, 2).value(), 3);
  ASSERT_NE(listen([](const auto& one) { return one.word == Word::kGoodbye; }), nullptr);
  EXPECT_EQ(ear.heard.back().word, Word::kGoodbye) << "its last word";
}

}  // namespace
}  // namespace gluster::runner
