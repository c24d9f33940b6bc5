#include "runner/operands.hpp"

#include <atomic>

#include <fmt/format.h>

#include "base/host.hpp"
#include "base/pages.hpp"
#include "base/scalar.hpp"
#include "data/dataset.hpp"

namespace gluster::runner {

struct Operands::Piece {
  std::shared_ptr<Object> object;
  std::uint64_t begin, bytes;
};

std::span<std::byte> Operands::in_memory(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset > parts_.memory.size() || bytes > parts_.memory.size() - offset) return {};
  return parts_.memory.subspan(offset, bytes);
}

// False when there is no room for it.
bool Operands::make_room(Object& object, const wire::Share& share) const {
  if (share.offset != kNowhere) object.data = in_memory(share.offset, share.bytes);
  if (object.data.size() == share.bytes && base::reserve_shared_pages(object.data.data(), share.bytes)) return true;
  if (!base::has_room_for(share.bytes)) return false;
  object.own = std::make_shared<Block<std::byte>>(share.bytes);
  object.data = *object.own;
  return true;
}

void Operands::expect(const wire::Share& share, const Sender& sender) {
  auto object = std::make_shared<Object>();
  auto tell = [sender, number = share.object](wire::ShareOutcome outcome, std::vector<std::int32_t> below) {
    std::atomic_thread_fence(std::memory_order_seq_cst);  // before another rank of this node is told
    sender.link->send(sender.master, wire::frame_of(wire::Word::kShareDone, sender.number(), wire::ShareDone{number, outcome, std::move(below)}));
  };
  if (!make_room(*object, share)) return tell(wire::ShareOutcome::kNoRoom, share.below);  // its pieces find nobody
  std::vector<int> to;
  for (const wire::Branch& branch : wire::branches(share.below, share.bytes)) {
    to.push_back(branch.rank);
    sender.link->send(branch.rank,
                      wire::frame_of(wire::Word::kShare, sender.number(), wire::Share{share.object, share.offset, share.bytes, branch.below}));
  }
  object->relay = std::make_shared<wire::Relay>(wire::Relay::Parts{sender.link, share.object, object->data, object->own, to, sender.number});
  object->relay->when_done = [this, tell, number = share.object, is_own = object->own != nullptr] {
    tell(is_own ? wire::ShareOutcome::kOwn : wire::ShareOutcome::kInMemory, {});
    if (!is_own) forget(number);
  };
  {
    std::lock_guard lock(mutex_);
    objects_.insert_or_assign(share.object, object);
  }
  if (share.bytes == 0) object->relay->have(0);
}

void Operands::open(wire::Incoming& frame) {
  auto piece = frame.in.get<wire::ShareData>();
  std::shared_ptr<Object> object;
  {
    std::lock_guard lock(mutex_);
    if (auto at = objects_.find(piece.object); at != objects_.end()) object = at->second;
  }
  if (!object || piece.begin > object->data.size() || piece.bytes > object->data.size() - piece.begin)
    throw DataError(fmt::format("a piece of shared data {} that nobody expects", piece.object));
  frame.in.expect_block(piece.bytes);
  frame.in.block(object->data.data() + piece.begin, piece.bytes, 1);
  frame.in.expect_end();
  frame.target = std::make_shared<Piece>(Piece{std::move(object), piece.begin, piece.bytes});
}

void Operands::arrived(wire::Incoming& frame) {
  auto piece = std::static_pointer_cast<Piece>(std::exchange(frame.target, nullptr));
  note(*piece->object, piece->begin, piece->bytes);
  piece->object->relay->have(piece->object->here);
}

// Segments may overtake one another.
void Operands::note(Object& object, std::uint64_t begin, std::uint64_t bytes) {
  object.pieces.emplace(begin, begin + bytes);
  for (auto at = object.pieces.begin(); at != object.pieces.end() && at->first == object.here; at = object.pieces.erase(at)) object.here = at->second;
}

void Operands::forget(std::uint64_t object) {
  std::lock_guard lock(mutex_);
  objects_.erase(object);
}

std::span<const std::byte> Operands::find(const SharedRef& ref) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  {
    std::lock_guard lock(mutex_);
    auto at = objects_.find(ref.object);
    if (at != objects_.end() && ref.begin <= at->second->data.size() && ref.bytes <= at->second->data.size() - ref.begin)
      return at->second->data.subspan(ref.begin, ref.bytes);
  }
  auto data = ref.offset == kNowhere ? std::span<std::byte>() : in_memory(ref.offset, ref.bytes);
  if (data.size() != ref.bytes) throw DataError(fmt::format("shared data {} is not here", ref.object));
  return data;
}

std::span<std::byte> Operands::output(const SharedRef& ref) {
  if (parts_.is_master && ref.object == 0 && ref.offset == kNowhere) return {reinterpret_cast<std::byte*>(ref.begin), ref.bytes};
  if (!parts_.beside_master || ref.offset == kNowhere) return {};
  return in_memory(ref.offset, ref.bytes);
}

void Operands::expect_room(const DatasetRef& ref) {
  const std::uint64_t bytes = ref.elements() * base::visit(ref.fixed.element, [](auto element) { return sizeof element; });
  if (!base::has_room_for(bytes))
    throw UsageError(fmt::format("{}:{}: its rows take {} MiB, and {} has {} MiB free: pass them in parts", ref.file, ref.name, bytes >> 20,
                                 base::host_name(), base::available_memory() >> 20));
}

void Operands::read(const DatasetRef& ref, std::span<std::byte> into) { data::read_rows(ref, into); }

}  // namespace gluster::runner
