#include "plugin/batch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/tickets.hpp"
#include "fixtures/carried.hpp"
#include "plugin/executor.hpp"

namespace {

std::int64_t add(std::int64_t a, std::int64_t b) {
  if (a == 13) throw std::out_of_range("13 is not added");
  return a + b;
}
std::string twice(const std::string& text) { return text + text; }
std::int64_t nothing() { return 0; }
std::int64_t nap(std::int64_t x) {
  std::this_thread::sleep_for(std::chrono::microseconds(200));
  return x;
}

template <auto* f>
const gluster::Kernel& kernel_of() {
  using Its = gluster::detail::Exported<f>;
  static const gluster::Kernel kernel{"kernel", &Its::signature, &Its::open, Its::fold()};
  return kernel;
}

}  // namespace

namespace gluster::plugin {
namespace {

using testing::ElementsAre;
using wire::Items;

wire::BatchHead head_of(std::uint32_t count, Items items, std::int64_t begin = 0) { return {{0, 0}, count, items, begin, 0, 0, kNowhere, 0}; }

// A batch as a master writes it, but for what a test leaves out.
class Batch {
 public:
  Batch(wire::BatchHead head, const Kernel& kernel) : head_(head), kernel_(&kernel) {
    out_.put(head);
    for (std::size_t i = 0; i < kernel.signature().parameters.size(); ++i) out_.put(ArgumentKind::value);
  }
  template <class... T>
  Batch& with(const T&... argument) {
    (detail::encode(out_, argument), ...);
    return *this;
  }
  Encoder& out() { return out_; }
  // What is answered: the items' values.
  struct Answer {
    explicit Answer(const Encoder& result)
        : frame(result), in(frame.body(), frame.segment_count()), head(in.get<wire::ResultHead>()), done(in.get<wire::BatchDone>()) {}
    bool failed() { return in.get<std::uint8_t>() != 0; }
    template <class T>
    T value() {
      T value{};
      detail::decode(in, value);
      return value;
    }
    tests::Carried frame;
    Decoder in;
    wire::ResultHead head;
    wire::BatchDone done;
  };
  Answer run(const Kernel* fold = nullptr, Operands* operands = nullptr) {
    out_.close();
    tests::Carried frame(out_);
    Decoder in(frame.body(), frame.segment_count());
    in.get<wire::BatchHead>();
    in.arguments(kernel_->signature().parameters.size(), operands);
    auto call = open_batch(head_, *kernel_, fold, in);
    frame.deliver(in);
    Encoder result;
    execute(*call, in, result);
    return Answer(result);
  }

 private:
  wire::BatchHead head_;
  const Kernel* kernel_;
  Encoder out_;
};

// Node memory with a word for tickets in it.
class Memory final : public Operands {
 public:
  static constexpr std::uint64_t kOffset = 64;
  std::span<const std::byte> find(const SharedRef& ref) override {
    if (ref.object != kElements.object) throw DataError("it is not here");
    return std::as_bytes(std::span(elements));
  }
  std::span<std::byte> output(const SharedRef& ref) override {
    if (ref.offset != kOffset || ref.bytes != sizeof tickets) return {};
    return {reinterpret_cast<std::byte*>(&tickets), sizeof tickets};
  }
  void expect_room(const DatasetRef&) override {}
  void read(const DatasetRef&, std::span<std::byte>) override { throw DataError("there are no files"); }
  base::Tickets tickets;
  static constexpr SharedRef kElements{7, kNowhere, 0, 4 * sizeof(std::int64_t)};
  std::array<std::int64_t, 4> elements{10, 20, 30, 40};
};
wire::BatchHead drawing(std::uint32_t most, std::uint32_t shares = 0) { return {{0, 0}, most, Items::kIndices, 100, 0, shares, Memory::kOffset, 0}; }

std::vector<std::int64_t> sums(Batch::Answer&& answer, int count) {
  std::vector<std::int64_t> all;
  for (int i = 0; i < count; ++i) all.push_back(answer.failed() ? -1 : answer.value<std::int64_t>());
  return all;
}

TEST(BatchTest, RunsItsItemsInOrder) {
  Batch batch(head_of(3, Items::kItems), kernel_of<add>());
  batch.with(std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{4}, std::int64_t{5}, std::int64_t{6});
  EXPECT_THAT(sums(batch.run(), 3), ElementsAre(3, 7, 11));
}

TEST(BatchTest, WritesTheIndexIntoTheFirstArgument) {
  Batch batch(head_of(3, Items::kIndices, 40), kernel_of<add>());
  batch.with(std::int64_t{0}, std::int64_t{100});
  EXPECT_THAT(sums(batch.run(), 3), ElementsAre(140, 141, 142));
}

TEST(BatchTest, DrawsIndicesWhenItsTurnHasCome) {
  Memory memory;
  memory.tickets.allow(5);
  Batch batch(drawing(3), kernel_of<add>());
  batch.with(std::int64_t{0}, std::int64_t{1000});
  for (auto [first, count] : {std::pair{0u, 3u}, {3u, 2u}, {5u, 0u}}) {
    auto answer = batch.run(nullptr, &memory);
    EXPECT_EQ(answer.done.first, first);
    EXPECT_EQ(answer.done.count, count);
    EXPECT_EQ(answer.done.done, count);
    for (auto index = first; index < first + count; ++index) {
      EXPECT_FALSE(answer.failed());
      EXPECT_EQ(answer.value<std::int64_t>(), 1100 + index);
    }
    answer.in.expect_end();
  }
}

TEST(BatchTest, DrawsItsShareOfWhatIsLeft) {
  Memory memory;
  memory.tickets.allow(40);
  auto answer = Batch(drawing(30, 4), kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run(&kernel_of<add>(), &memory);
  EXPECT_EQ(answer.done.first, 0u);
  EXPECT_EQ(answer.done.count, 10u);
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 10 * 100 + 45) << "folded";
}

TEST(BatchTest, RefusesTicketsThatAreElsewhere) {
  Memory memory;
  auto head = drawing(3);
  EXPECT_THROW(Batch(head, kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run(), DataError)
      << "this rank has nothing in common with the master";
  for (std::uint64_t offset : {std::uint64_t{0}, Memory::kOffset + 1, kNowhere - 63}) {
    head.tickets = offset;
    EXPECT_THROW(Batch(head, kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run(nullptr, &memory), DataError);
  }
}

TEST(BatchTest, AnItemThatThrowsFailsAlone) {
  auto answer = Batch(head_of(3, Items::kIndices, 12), kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run();
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 12);
  EXPECT_TRUE(answer.failed());
  EXPECT_EQ(answer.value<std::string>(), "std::out_of_range");
  EXPECT_EQ(answer.value<std::string>(), "13 is not added");
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 14);
}

TEST(BatchTest, FoldsItsValuesToOne) {
  auto answer = Batch(head_of(4, Items::kIndices, 1), kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run(&kernel_of<add>());
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 1 + 2 + 3 + 4);
}

TEST(BatchTest, AFoldSaysWhichItemThrew) {
  auto answer = Batch(head_of(9, Items::kIndices, 10), kernel_of<add>()).with(std::int64_t{0}, std::int64_t{0}).run(&kernel_of<add>());
  EXPECT_TRUE(answer.failed());
  EXPECT_EQ(answer.in.get<std::uint32_t>(), 3u);
}

// Items of which each takes longer than any patience.
wire::BatchHead impatient(wire::BatchHead head) {
  head.patience = 1;
  return head;
}

TEST(BatchTest, EndsWithTheItemThatRunsWhenItHasTakenLongerThanItsPatience) {
  const std::int64_t one = 1, two = 2;
  auto answer = Batch(impatient(head_of(3, Items::kItems)), kernel_of<nap>()).with(one, two, one).run();
  EXPECT_EQ(answer.done.count, 3u);
  EXPECT_EQ(answer.done.done, 1u);
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 1);
  answer.in.expect_end();
}

TEST(BatchTest, EndsSoWhereItDrewItsItems) {
  Memory memory;
  memory.tickets.allow(40);
  auto answer = Batch(impatient(drawing(30)), kernel_of<nap>()).with(std::int64_t{0}).run(nullptr, &memory);
  EXPECT_EQ(answer.done.count, 30u) << "what it drew nobody else has";
  EXPECT_EQ(answer.done.done, 1u);
  EXPECT_THAT(sums(std::move(answer), 1), ElementsAre(100));
}

TEST(BatchTest, EndsSoWhereItFoldsThem) {
  auto answer = Batch(impatient(head_of(4, Items::kIndices, 7)), kernel_of<nap>()).with(std::int64_t{0}).run(&kernel_of<add>());
  EXPECT_EQ(answer.done.done, 1u);
  EXPECT_THAT(sums(std::move(answer), 1), ElementsAre(7));
}

TEST(BatchTest, ItemsMayBeginLater) {
  auto head = head_of(1, Items::kItems, 5);
  Batch batch(head, kernel_of<add>());
  batch.out().body.append("12345", 5);
  EXPECT_THAT(sums(batch.with(std::int64_t{1}, std::int64_t{2}).run(), 1), ElementsAre(3));
  for (std::int64_t begin : {std::int64_t{-1}, std::int64_t{1000}})
    EXPECT_THROW(Batch(head_of(1, Items::kItems, begin), kernel_of<add>()).with(std::int64_t{1}, std::int64_t{2}).run(), DataError);
}

TEST(BatchTest, LargeItemsHaveTheirPlaces) {
  const std::string large(5'000, 'x');
  auto answer = Batch(head_of(2, Items::kItems), kernel_of<twice>()).with(large, std::string("y")).run();
  EXPECT_EQ(answer.frame.segment_count(), 1u);
  EXPECT_FALSE(answer.failed());
}

TEST(BatchTest, ReadsElementsWhereTheyLie) {
  Memory memory;
  Batch batch(head_of(3, Items::kElements, 1), kernel_of<add>());
  batch.out().put(Memory::kElements);
  EXPECT_THAT(sums(batch.with(std::int64_t{0}, std::int64_t{1}).run(nullptr, &memory), 3), ElementsAre(21, 31, 41));
}

TEST(BatchTest, DrawsElements) {
  Memory memory;
  memory.tickets.allow(3);
  wire::BatchHead head = drawing(2);
  head.items = Items::kElements;
  head.begin = 1;
  Batch batch(head, kernel_of<add>());
  batch.out().put(Memory::kElements);
  auto answer = batch.with(std::int64_t{0}, std::int64_t{1}).run(nullptr, &memory);
  EXPECT_EQ(answer.done.first, 0U);
  EXPECT_EQ(answer.done.count, 2U);
  EXPECT_THAT(sums(std::move(answer), 2), ElementsAre(21, 31));
}

TEST(BatchTest, RefusesElementsThatAreNotThere) {
  Memory memory;
  const std::int64_t one = 1;
  auto elements = [&](std::int64_t begin, SharedRef of) {
    Batch batch(head_of(1, Items::kElements, begin), kernel_of<add>());
    batch.out().put(of);
    return batch.with(one, one).run(nullptr, &memory);
  };
  EXPECT_FALSE(elements(3, Memory::kElements).failed());
  EXPECT_THROW(elements(4, Memory::kElements), DataError) << "beyond their end";
  EXPECT_THROW(elements(-1, Memory::kElements), DataError) << "before their beginning";
  EXPECT_THROW(elements(0, SharedRef{8, kNowhere, 0, 32}), DataError) << "of nothing that is here";
  EXPECT_THROW(Batch(head_of(1, Items::kElements), kernel_of<add>()).with(one, one).run(nullptr, &memory), DataError) << "of nothing at all";
}

TEST(BatchTest, RefusesWhatIsNoBatch) {
  const std::int64_t zero = 0;
  const Kernel &sum = kernel_of<add>(), &text = kernel_of<twice>(), &none = kernel_of<nothing>();
  EXPECT_THROW(Batch(head_of(1, Items(7)), sum).with(zero, zero).run(), DataError) << "neither items nor indices";
  EXPECT_THROW(Batch(head_of(1, Items::kIndices), text).with(std::string("a")).run(), DataError) << "no index among its arguments";
  EXPECT_THROW(Batch(head_of(1, Items::kIndices), none).run(), DataError) << "no arguments";
  EXPECT_THROW(Batch(head_of(1, Items::kIndices), sum).with(zero).run(), DataError) << "an argument too few";
  EXPECT_THROW(Batch(head_of(1, Items::kIndices), sum).run(), DataError) << "no room for the index";
  EXPECT_THROW(Batch(head_of(1, Items::kIndices), sum).with(zero, zero, zero).run(), DataError) << "an argument too many";
  EXPECT_THROW(Batch(head_of(1, Items::kItems), sum).with(zero, zero).run(&text), DataError) << "no fold";
  EXPECT_THROW(Batch(head_of(30, Items::kItems), text).with(std::string(5'000, 'x')).run(), DataError) << "items too few, some of them large";
}

TEST(BatchTest, ItemsThatAreNotThereFailEachByItself) {
  const std::int64_t two = 2;
  auto answer = Batch(head_of(2, Items::kItems), kernel_of<add>()).with(two, two).run();
  EXPECT_FALSE(answer.failed());
  EXPECT_EQ(answer.value<std::int64_t>(), 4);
  EXPECT_TRUE(answer.failed());
  EXPECT_EQ(answer.value<std::string>(), "gluster::DataError");
}

}  // namespace
}  // namespace gluster::plugin
