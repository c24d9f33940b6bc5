#include "wire/message.hpp"

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"

namespace gluster::wire {
namespace {

template <class Message>
Message carried(const Message& message) {
  Frame frame = frame_of(Word::kPing, 1, message);
  tests::Carried carried(*frame.content);
  Decoder in(carried.body(), carried.segment_count());
  Message back;
  open(in, back);
  carried.deliver(in);
  in.finish();
  return back;
}

template <class Message>
void expect_same(Message message) {
  Message back = carried(message);
  EXPECT_TRUE(back.fields() == message.fields());
}

TEST(MessageTest, EveryMessageComesBackAsItWas) {
  expect_same(Hello{"host", "x86_64", "Linux 6.1", "a CPU 12345678", "/usr/bin/gluster-runner", 4, 8, 4711});
  expect_same(Ping{-5});
  expect_same(Pong{1, 2, "matmul.multiply", 3, 4, 0.5});
  expect_same(Plugin{7, "matmul", "/tmp/libmatmul.so", "digest", "key", "source", "cpu", true});
  expect_same(PluginBytes{7, Wanted::kSource, "int x;"});
  expect_same(PluginReady{7});
  expect_same(PluginWanted{7, Wanted::kSource});
  expect_same(PluginFailed{7, "does not compile"});
  expect_same(Failure{"std::out_of_range", "at 5"});
}

TEST(MessageTest, LargeTextTravelsAsASegment) {
  Frame bytes = frame_of(Word::kPluginBytes, 5, PluginBytes{7, Wanted::kObject, std::string(1'000'000, 'x')});
  EXPECT_EQ(bytes.content->segments.size(), 1u);
  expect_same(PluginBytes{7, Wanted::kObject, std::string(1'000'000, 'x')});
  expect_same(PluginFailed{7, std::string(5000, 'e')});
}

TEST(MessageTest, AFrameOwnsWhatItsSegmentsLieIn) {
  Frame frame;
  {
    PluginBytes bytes{7, Wanted::kObject, std::string(100'000, 'x')};
    frame = frame_of(Word::kPluginBytes, 5, std::move(bytes));
  }
  Frame copy = frame;
  frame = {};
  ASSERT_EQ(copy.content->segments.size(), 1u);
  EXPECT_EQ(static_cast<const char*>(copy.content->segments[0].data)[99'999], 'x');
}

TEST(MessageTest, AWordThatSaysAllHasNoBody) {
  Frame stop = frame_of(Word::kStop, 9);
  EXPECT_EQ(stop.word, Word::kStop);
  EXPECT_EQ(stop.number, 9u);
  EXPECT_EQ(stop.content->body.size(), 0u);
  EXPECT_TRUE(is_small(stop));
}

TEST(MessageTest, RefusesEveryShorterPrefixAndAnythingMore) {
  Frame frame = frame_of(Word::kPong, 1, Pong{1, 2, "kernel", 3, 4, 0.5});
  std::span<const std::byte> whole = frame.content->body;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    tests::Carried carried(whole.first(size), 0);
    Decoder in(carried.body(), 0);
    Pong pong;
    EXPECT_THROW(open(in, pong), DataError) << size;
  }
  std::vector<std::byte> longer(whole.begin(), whole.end());
  longer.emplace_back();
  tests::Carried carried(longer, 0);
  Decoder in(carried.body(), 0);
  Pong pong;
  EXPECT_THROW(open(in, pong), DataError);
}

}  // namespace
}  // namespace gluster::wire
