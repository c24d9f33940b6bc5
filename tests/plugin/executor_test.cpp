#include "plugin/executor.hpp"

#include <stdexcept>

#include <filesystem>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"
#include "wire/message.hpp"

namespace {

struct Custom {};
struct OwnError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

namespace gluster::plugin {
namespace {

using wire::Outcome;

// A kernel that does what a test tells it to.
class Scripted final : public Invocation {
 public:
  explicit Scripted(std::function<void(Encoder&)> script) : script_(std::move(script)) {}
  void run(Encoder& out) override { script_(out); }

 private:
  std::function<void(Encoder&)> script_;
};

// What a Result says.
struct Answer {
  explicit Answer(const Encoder& result) : frame(result), in(frame.body(), frame.segment_count()), head(in.get<wire::ResultHead>()) {}

  wire::Failure failure() {
    wire::Failure failure;
    wire::open(in, failure);
    frame.deliver(in);
    in.finish();
    return failure;
  }
  Outcome outcome() const { return static_cast<Outcome>(head.outcome); }

  tests::Carried frame;
  Decoder in;
  wire::ResultHead head;
};

Encoder executed(std::function<void(Encoder&)> script) {
  Scripted call(std::move(script));
  Decoder arguments({}, 0);
  Encoder result;
  execute(call, arguments, result);
  return result;
}

TEST(ExecutorTest, SendsTheValueWithItsTimes) {
  Encoder result = executed([](Encoder& out) { detail::encode(out, std::string("value")); });
  Answer answer(result);
  EXPECT_EQ(answer.outcome(), Outcome::kValue);
  EXPECT_NE(answer.head.started, 0);
  EXPECT_GE(answer.head.compute, 0);
  std::string value;
  detail::decode(answer.in, value);
  answer.in.expect_end();
  EXPECT_EQ(value, "value");
}

TEST(ExecutorTest, TellsTypeAndMessageOfAnException) {
  Encoder result = executed([](Encoder&) { throw std::out_of_range("at 5"); });
  Answer answer(result);
  EXPECT_EQ(answer.outcome(), Outcome::kThrew);
  EXPECT_NE(answer.head.started, 0) << "it did run";
  wire::Failure failure = answer.failure();
  EXPECT_EQ(failure.type, "std::out_of_range");
  EXPECT_EQ(failure.message, "at 5");
}

TEST(ExecutorTest, TellsTheTypeOfWhateverIsThrown) {
  Encoder number = executed([](Encoder&) { throw 42; });
  Encoder own = executed([](Encoder&) { throw OwnError("mine"); });
  Encoder custom = executed([](Encoder&) { throw Custom(); });
  Encoder text = executed([](Encoder&) { throw "literal"; });
  EXPECT_EQ(Answer(number).failure().type, "int");
  EXPECT_EQ(Answer(number).failure().message, "");
  EXPECT_THAT(Answer(own).failure().type, testing::HasSubstr("OwnError"));
  EXPECT_EQ(Answer(own).failure().message, "mine");
  EXPECT_THAT(Answer(custom).failure().type, testing::HasSubstr("Custom"));
  EXPECT_EQ(Answer(text).failure().type, "char const*");
  for (const Encoder* result : {&number, &own, &custom, &text}) EXPECT_EQ(Answer(*result).outcome(), Outcome::kThrew);
}

class SaysNothing : public std::exception {
 public:
  const char* what() const noexcept override { return nullptr; }
};

TEST(ExecutorTest, TellsWhatThereIsToTell) {
  Encoder text = executed([](Encoder&) { throw std::string("disc full"); });
  EXPECT_EQ(Answer(text).failure().type, "std::string");
  EXPECT_EQ(Answer(text).failure().message, "disc full");
  Encoder literal = executed([](Encoder&) { throw "literal"; });
  EXPECT_EQ(Answer(literal).failure().message, "literal");
  Encoder silent = executed([](Encoder&) { throw SaysNothing(); });
  EXPECT_EQ(Answer(silent).failure().message, "");
  Encoder file = executed([](Encoder&) { throw std::filesystem::filesystem_error("no file", std::error_code()); });
  EXPECT_EQ(Answer(file).failure().type, "std::filesystem::filesystem_error");
  Encoder nested = executed([](Encoder&) {
    try {
      throw std::out_of_range("at 5");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("row 3"));
    }
  });
  EXPECT_EQ(Answer(nested).failure().type, "std::runtime_error");
  EXPECT_EQ(Answer(nested).failure().message, "row 3: at 5");
}

TEST(ExecutorTest, ThrowsAwayWhatTheKernelEncodedBeforeItThrew) {
  std::vector<double> large(10'000);
  Encoder result = executed([&](Encoder& out) {
    detail::encode(out, large);
    throw std::runtime_error("late");
  });
  EXPECT_EQ(result.segments.size(), 0u);
  EXPECT_EQ(Answer(result).failure().message, "late");
}

TEST(ExecutorTest, CarriesALongMessageAndALongTypeWhole) {
  std::string text(10'000, 'm');
  Encoder result = executed([text](Encoder&) { throw std::runtime_error(text); });
  EXPECT_EQ(Answer(result).failure().message, text);
}

TEST(ExecutorTest, RefusesWhenTheArgumentsCannotBeRead) {
  bool ran = false;
  Scripted call([&](Encoder&) { ran = true; });
  Decoder arguments({}, 0);
  arguments.later([] { Decoder::malformed("a hole"); });
  Encoder result;
  execute(call, arguments, result);
  Answer answer(result);
  EXPECT_EQ(answer.outcome(), Outcome::kRefused);
  EXPECT_EQ(answer.head.started, 0);
  wire::Failure failure = answer.failure();
  EXPECT_EQ(failure.type, "gluster::DataError");
  EXPECT_THAT(failure.message, testing::HasSubstr("a hole"));
  EXPECT_FALSE(ran);
}

TEST(ExecutorTest, RunsWhatTheArgumentsLeftForLater) {
  std::string order;
  Scripted call([&](Encoder&) { order += "run"; });
  Decoder arguments({}, 0);
  arguments.later([&] { order += "finish "; });
  Encoder result;
  execute(call, arguments, result);
  EXPECT_EQ(order, "finish run");
}

TEST(ExecutorTest, SaysWhyACallWasRefusedAndThatOneWasDropped) {
  Encoder refused, dropped;
  refuse(UsageError("no room"), refused);
  drop(dropped);
  Answer answer(refused);
  EXPECT_EQ(answer.outcome(), Outcome::kRefused);
  wire::Failure failure = answer.failure();
  EXPECT_EQ(failure.type, "gluster::UsageError");
  EXPECT_EQ(failure.message, "no room");
  EXPECT_EQ(Answer(dropped).outcome(), Outcome::kDropped);
}

}  // namespace
}  // namespace gluster::plugin
