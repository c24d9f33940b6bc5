#include "mpi/parcels.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <gluster/codec.hpp>

namespace gluster::mpi {
namespace {

using base::kPage;
constexpr std::size_t kGrain = 64;  // of places: a cache line

constexpr std::size_t whole(std::size_t bytes, std::size_t grain) { return (bytes + grain - 1) / grain * grain; }

}  // namespace

std::optional<Parcels::Name> Parcels::Writer::begin(std::size_t bytes) {
  if (bytes > most_) return {};
  forget_what_was_taken();
  bytes = sizeof(Label) + whole(bytes, kGrain);
  std::optional<std::size_t> begin = find(bytes);
  while (begin && !have_pages(*begin + bytes)) begin = find(bytes);
  if (!begin) return {};
  under_way_.push_back({*begin, *begin + bytes});
  written_ = 0;
  new (&label_at(*begin)) Label{};
  return static_cast<Name>(1 + *begin / kGrain);
}

void Parcels::Writer::write(const void* data, std::size_t bytes) {
  const std::size_t begin = under_way_.back().begin;
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t step = std::min(bytes - at, kStep - written_ % kStep);
    std::memcpy(room_.data() + begin + sizeof(Label) + written_, static_cast<const std::byte*>(data) + at, step);
    at += step;
    std::uint64_t before = written_;
    written_ += step;
    label_at(begin).written.compare_exchange_strong(before, written_, std::memory_order_release,
                                                    std::memory_order_relaxed);  // fails when it is taken already
  }
}

// What is refused is not asked for again until the next trim.
bool Parcels::Writer::have_pages(std::size_t end) {
  const std::size_t pages = whole(end, kPage);
  if (pages <= pages_there_) return true;
  if (!reserve_(room_.data() + pages_there_, pages - pages_there_)) {
    most_ = pages_there_;
    return false;
  }
  pages_there_ = pages;
  return true;
}

// Behind the last one, or before the first. From the beginning on where nothing is under way: those pages are there, and in the caches.
std::optional<std::size_t> Parcels::Writer::find(std::size_t bytes) const {
  if (under_way_.empty()) return bytes <= most_ ? std::optional(std::size_t{0}) : std::nullopt;
  const std::size_t first = under_way_.front().begin, last = under_way_.back().end;
  if (last <= first) return bytes <= first - last ? std::optional(last) : std::nullopt;
  if (bytes <= most_ - last) return last;
  return bytes <= first ? std::optional(std::size_t{0}) : std::nullopt;
}

void Parcels::Writer::forget_what_was_taken() {
  while (!under_way_.empty() && label_at(under_way_.front().begin).written.load(std::memory_order_acquire) == kTaken) under_way_.pop_front();
}

void Parcels::Writer::trim() {
  most_ = room_.size();
  if (pages_there_ == 0) return;
  forget_what_was_taken();
  if (!under_way_.empty()) return;
  base::drop_shared_pages(room_.subspan(0, pages_there_));
  pages_there_ = 0;
}

std::size_t Parcels::Incoming::read(void* to, std::size_t bytes) {
  const std::size_t there = std::min<std::size_t>(label_->written.load(std::memory_order_acquire), bytes_.size());
  bytes = std::min(bytes, there - read_);
  std::memcpy(to, bytes_.data() + read_, bytes);
  read_ += bytes;
  return bytes;
}

Parcels::Incoming Parcels::Reader::open(Name name) const {
  const std::size_t begin = (std::size_t{name} - 1) * kGrain;
  if (name == 0 || begin >= room_.size()) Decoder::malformed("a parcel where there is none");
  return {*reinterpret_cast<Label*>(room_.data() + begin), room_.subspan(begin + sizeof(Label))};
}

}  // namespace gluster::mpi
