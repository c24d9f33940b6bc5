#include <gluster/chunk.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>

#include "master/arguments.hpp"
#include "master/engine.hpp"
#include "master/ticket_word.hpp"
#include "wire/message.hpp"

namespace gluster::detail {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;  // a chunk takes no more items beyond this

}  // namespace

void Chunk::open_value(Decoder& in) {
  auto done = in.get<wire::BatchDone>();
  if (done.done > done.count || (!draws && done.count != count)) Decoder::malformed("items that nobody sent");
  if (draws) set_range(done.first, done.count);
  left = done.count - done.done;
  count = done.done;
  std::size_t parts = folded ? std::min(count, 1U) : count;
  open_items(parts);
  for (std::size_t item = 0; item < parts; ++item) {
    if (in.get<std::uint8_t>() == 0) {
      open_item(in, item);
      continue;
    }
    ItemFailure& failure = failures.emplace_back();
    failure.item = folded ? in.get<std::uint32_t>() : item;
    decode(in, failure.type);
    decode(in, failure.message);
  }
}

void Chunk::set_range(std::size_t its_first, std::uint32_t its_count) {
  first = its_first;
  count = its_count;
  draws = nullptr;
}

void Chunk::set_error(std::size_t item, std::exception_ptr error) {
  set_range(item, 1);
  error_ = std::move(error);
}

bool Chunk::was_cancelled() const noexcept {
  if (!error_) return false;
  try {
    std::rethrow_exception(error_);
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

// What it cannot draw there is drawn here.
void Chunk::goes_out(bool beside_master) {
  if (!draws || beside_master) return;
  wire::BatchHead head;
  std::memcpy(&head, call.frame.body.data(), sizeof head);
  base::Tickets::Range range = draws->tickets().draw(head.count, head.shares);
  head.tickets = kNowhere;
  head.begin += range.first;
  head.count = range.count;
  call.frame.set(0, head);
  set_range(range.first, range.count);
}

void Chunk::restore(std::size_t index, Decoder& in) {
  set_range(index, 1);
  journal = nullptr;
  open_items(1);
  open_item(in, 0);
}

void Chunk::close() noexcept {
  error_ = error_now();
  if (error_) return;
  try {
    expect_value_now();
  } catch (...) {
    error_ = std::current_exception();
  }
  if (left != 0) return;  // these go out again
  kept = nullptr;
  places = {};
}

std::exception_ptr Chunk::error_of(std::size_t item) const {
  if (error_) return error_;
  auto at =
      std::lower_bound(failures.begin(), failures.end(), item, [](const ItemFailure& failure, std::size_t wanted) { return failure.item < wanted; });
  if (folded ? failures.empty() : at == failures.end() || at->item != item) return nullptr;
  const ItemFailure& failure = folded ? failures.front() : *at;
  CallSite site{call.kernel->name, call.runner, call.on->host, call.attempt, static_cast<std::int64_t>(index_of(failure.item))};
  const std::string what = fmt::format("item {}: {} on rank {} ({}), attempt {}, threw {}{}{}", site.item, site.kernel, site.rank, site.host,
                                       site.attempt, failure.type, failure.message.empty() ? "" : ": ", failure.message);
  if (failure.type == "gluster::DataError") return std::make_exception_ptr(DataError(what));  // a file's, before the kernel ran
  return std::make_exception_ptr(KernelError(what, site, failure.type, failure.message));
}

// --- its items, written ----------------------------------------------------------------------------------------------

void ChunkWriter::begin(std::span<const Argument> own, std::span<const Argument> common) {
  out_->put(wire::BatchHead{{kernel_->image, kernel_->number}, 0, wire::Items::kItems, 0, fold_, 0, kNowhere, patience_.count()});
  for (const Argument& argument : own) out_->put(argument.kind);
  for (const Argument& argument : common) out_->put(argument.kind);
  note_objects(common);
}

void ChunkWriter::note_objects(std::span<const Argument> arguments) {
  for (const Argument& argument : arguments)
    if (argument.kind == ArgumentKind::shared) objects_.push_back(static_cast<const SharedRef*>(argument.value)->object);
}

void ChunkWriter::add(std::span<const Argument> own, std::span<const Argument> common) {
  if (count_ == 0) begin(own, common);
  Encoder::Mark before = out_->mark();
  try {
    master::encode_item(*kernel_, first_ + count_, own, common, *out_);
  } catch (...) {
    out_->rewind(before);
    if (!master::may_fit(*kernel_, own, common)) throw;
    error_ = std::current_exception();
    return;
  }
  if (patience_.count() != 0) places_.push_back({before.body, before.segments});
  if (wants_inputs_) inputs_.push_back(InputsDigest::of_item(own));
  ++count_;
  note_objects(own);
}

void ChunkWriter::add_indices(std::int64_t from, std::uint32_t count, std::span<const Argument> common) {
  std::array own{argument(&from)};
  begin(own, common);
  add_numbers(wire::Items::kIndices, from, count, own, common);
}

void ChunkWriter::add_elements(const SharedRef& of, const Argument& any, std::int64_t from, std::uint32_t count, std::span<const Argument> common) {
  std::array own{any};
  begin(own, common);
  out_->put(of);
  objects_.push_back(of.object);
  add_numbers(wire::Items::kElements, from, count, own, common);
}

void ChunkWriter::add_numbers(wire::Items items, std::int64_t from, std::uint32_t count, std::span<const Argument> own,
                              std::span<const Argument> common) {
  master::encode_item(*kernel_, first_, own, common, *out_);
  out_->set(offsetof(wire::BatchHead, items), items);
  out_->set(offsetof(wire::BatchHead, begin), from);
  count_ = count;
}

void ChunkWriter::draw(std::uint64_t tickets, std::uint32_t shares) {
  out_->set(offsetof(wire::BatchHead, tickets), tickets);
  out_->set(offsetof(wire::BatchHead, shares), shares);
}

void ChunkWriter::repeat(const Chunk& chunk, std::uint32_t item, std::uint32_t count) {
  const Encoder& from = chunk.call.frame;
  const ItemPlace begin = chunk.places[item], end = chunk.places[item + count];
  out_->body.append(from.body.data(), sizeof(wire::BatchHead) + kernel_->signature->parameters.size());
  std::size_t pad = (begin.body - out_->body.size()) % wire::kFrameAlignment;  // so that blocks lie as they lay
  std::memset(out_->body.extend(pad), 0, pad);
  out_->set(offsetof(wire::BatchHead, begin), static_cast<std::int64_t>(pad));
  for (std::uint32_t i = item; i < item + count; ++i)
    places_.push_back({chunk.places[i].body - begin.body + out_->body.size(), chunk.places[i].segments - begin.segments});
  out_->body.append(from.body.data() + begin.body, end.body - begin.body);
  out_->segments.assign(from.segments.begin() + static_cast<std::ptrdiff_t>(begin.segments),
                        from.segments.begin() + static_cast<std::ptrdiff_t>(end.segments));
  objects_ = chunk.call.objects;
  if (!chunk.inputs.empty()) inputs_.assign(chunk.inputs.begin() + item, chunk.inputs.begin() + item + count);
  count_ = count;
}

bool ChunkWriter::is_full() noexcept {
  if (error_) return true;
  for (; segments_counted_ < out_->segments.size(); ++segments_counted_) segment_bytes_ += out_->segments[segments_counted_].bytes;
  return out_->body.size() + segment_bytes_ >= kChunkBytes || (count_ != 0 && deadline_ != Clock::time_point::max() && Clock::now() >= deadline_);
}

void ChunkWriter::close() {
  if (!places_.empty()) places_.push_back({out_->body.size(), out_->segments.size()});
  out_->set(offsetof(wire::BatchHead, count), count_);
  out_->close();
}

}  // namespace gluster::detail
