#include "plugin/batch.hpp"

#include <chrono>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "base/quick_clock.hpp"
#include "base/scalar.hpp"
#include "base/tickets.hpp"
#include "plugin/executor.hpp"

namespace gluster::plugin {
namespace {

using wire::BatchHead;
using wire::Items;

constexpr std::uint8_t kValue = 0, kFailure = 1;

// What all batches do: one item after the other.
class Batch : public Invocation {
 public:
  Batch(const BatchHead& head, const Kernel& kernel, const Kernel* fold) : head_(head), kernel_(&kernel), fold_(fold) {}

  void run(Encoder& out) override {
    std::size_t at = out.body.size();
    wire::BatchDone done{draw(), 0, 0, 0};
    done.count = head_.count;
    out.put(done);
    if (head_.count != 0) done.done = fold_ != nullptr ? run_folded(out) : run_each(out);  // else there was nothing left to draw for it
    out.set(at, done);
  }

 protected:
  // Decides which items they are; returns the first one's place among all that may be drawn.
  virtual std::uint32_t draw() { return 0; }
  // Its kernel's value. Throws what that does.
  virtual void run_item(std::uint32_t item, Encoder& out) = 0;
  const BatchHead& head() const { return head_; }
  void set_range(std::uint32_t first, std::uint32_t count) {
    head_.begin += first;
    head_.count = count;
  }
  const Kernel& kernel() const { return *kernel_; }

 private:
  static void put_failure(Encoder& out) {
    wire::Failure failure = failure_of_current_exception();
    detail::encode(out, failure.type.substr(0, kSegmentBytes - 1));
    detail::encode(out, failure.message.substr(0, kSegmentBytes - 1));
  }

  std::chrono::steady_clock::time_point end_of_patience() const {
    return head_.patience == 0 ? std::chrono::steady_clock::time_point::max() : base::quick_now() + std::chrono::nanoseconds(head_.patience);
  }

  // Both return how many of the items they have run.
  std::uint32_t run_each(Encoder& out) {
    const auto end = end_of_patience();
    for (std::uint32_t item = 0;;) {
      Encoder::Mark before = out.mark();
      try {
        out.put(kValue);
        run_item(item, out);
      } catch (...) {
        out.rewind(before);
        out.put(kFailure);
        put_failure(out);
      }
      if (++item == head_.count || base::quick_now() >= end) return item;
    }
  }

  std::uint32_t run_folded(Encoder& out) {
    std::unique_ptr<Fold> fold = fold_->fold();
    const auto end = end_of_patience();
    Encoder::Mark before = out.mark();
    std::uint32_t item = 0;
    try {
      out.put(kValue);
      Encoder value;
      do {
        value.clear();
        run_item(item, value);
        value.close();
        fold->add(value);
      } while (++item < head_.count && base::quick_now() < end);
      fold->finish(out);
    } catch (...) {
      out.rewind(before);
      out.put(kFailure);
      out.put(item);
      put_failure(out);
      return item + 1;
    }
    return item;
  }

  BatchHead head_;
  const Kernel* kernel_;
  const Kernel* fold_;
};

// Small items: each is read when its turn comes, so that nothing is made for the others.
class SmallItems final : public Batch {
 public:
  SmallItems(const BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in) : Batch(head, kernel, fold), in_(&in) {}

 private:
  void run_item(std::uint32_t, Encoder& out) override {
    in_->begin_arguments();
    auto call = kernel().open(*in_);
    in_->finish();
    call->run(out);
  }

  Decoder* in_;
};

// Items with segments, which must have places before they come.
class LargeItems final : public Batch {
 public:
  LargeItems(const BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in) : Batch(head, kernel, fold) {
    for (std::uint32_t item = 0; item < head.count; ++item) {
      in.begin_arguments();
      calls_.push_back(kernel.open(in));
    }
    in.expect_end();
  }

 private:
  void run_item(std::uint32_t item, Encoder& out) override { std::exchange(calls_[item], nullptr)->run(out); }

  std::vector<std::unique_ptr<Invocation>> calls_;
};

// A Decoder aligns blocks by their place in the body: these lie alike in the frame and in a body of their own.
static_assert(sizeof(BatchHead) % 16 == 0);

// The arguments of one call, in which the first, an index or an element of shared data, is written again and again.
class Numbers : public Batch {
 public:
  Numbers(const BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in)
      : Batch(head, kernel, fold), operands_(in.operands_if_any()), scalar_(kernel.signature().parameters.at(0).scalar) {
    std::span<const ArgumentKind> kinds = in.kinds();
    body_.append(kinds.data(), kinds.size());
    first_at_ = body_.size();
    if (head.items == Items::kElements) elements_ = in.operands().find(in.get<SharedRef>());
    std::span<const std::byte> arguments = in.take_rest();
    body_.append(arguments.data(), arguments.size());
    kinds_ = kinds.size();
    Decoder one;
    open(0, one);  // what is wrong is wrong with all of them
    one.expect_end();
  }

 private:
  void run_item(std::uint32_t item, Encoder& out) override {
    Decoder one;
    auto call = open(item, one);
    one.finish();
    call->run(out);
  }

  std::unique_ptr<Invocation> open(std::uint32_t item, Decoder& one) {
    base::visit(scalar_, [&](auto zero) {
      if (body_.size() < first_at_ + sizeof zero) Decoder::malformed("no room for its index");
      if (head().items == Items::kElements) {
        std::memcpy(body_.at(first_at_), element(head().begin + item, sizeof zero), sizeof zero);
      } else {
        auto index = static_cast<decltype(zero)>(head().begin + item);
        std::memcpy(body_.at(first_at_), &index, sizeof index);
      }
      return 0;
    });
    one.start(body_, 0);
    one.arguments(kinds_, operands_);
    return kernel().open(one);
  }

  const std::byte* element(std::int64_t at, std::size_t bytes) const {
    auto number = static_cast<std::uint64_t>(at);
    if (number >= elements_.size() / bytes) Decoder::malformed("elements beyond the end of shared data");
    return elements_.data() + number * bytes;
  }

  Operands* operands_;
  Scalar scalar_;
  Bytes body_;
  std::size_t first_at_ = 0;
  std::span<const std::byte> elements_;
  std::size_t kinds_ = 0;
};

// Numbers that are drawn when the call's turn has come: whoever is late has less to do.
class DrawnNumbers final : public Numbers {
 public:
  DrawnNumbers(const BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in) : Numbers(head, kernel, fold, in) {
    Operands* operands = in.operands_if_any();
    std::span<std::byte> place;
    if (operands != nullptr && head.tickets % alignof(base::Tickets) == 0) place = operands->output({0, head.tickets, 0, sizeof(base::Tickets)});
    if (place.empty()) Decoder::malformed("tickets that lie in another node's memory");
    tickets_ = std::launder(reinterpret_cast<base::Tickets*>(place.data()));
  }
  std::uint32_t draw() override {
    base::Tickets::Range range = tickets_->draw(head().count, head().shares);
    set_range(range.first, range.count);
    return range.first;
  }

 private:
  base::Tickets* tickets_;
};

}  // namespace

std::unique_ptr<Invocation> open_batch(const BatchHead& head, const Kernel& kernel, const Kernel* fold, Decoder& in) {
  if (fold != nullptr && fold->fold == nullptr) Decoder::malformed("a kernel to fold with that takes no two values of its own type");
  if (head.items == Items::kIndices || head.items == Items::kElements) {
    if (kernel.signature().parameters.empty() || kernel.signature().parameters[0].scalar == Scalar::none || !in.sizes().empty())
      Decoder::malformed("indices for a kernel that takes none");
    if (head.tickets != kNowhere) return std::make_unique<DrawnNumbers>(head, kernel, fold, in);
    return std::make_unique<Numbers>(head, kernel, fold, in);
  }
  if (head.items != Items::kItems) Decoder::malformed("items of an unknown kind");
  in.skip(static_cast<std::size_t>(head.begin));
  if (in.sizes().empty()) return std::make_unique<SmallItems>(head, kernel, fold, in);
  return std::make_unique<LargeItems>(head, kernel, fold, in);
}

}  // namespace gluster::plugin
