#include "wire/relay.hpp"

#include <algorithm>

namespace gluster::wire {
struct Relay::Piece {
  std::shared_ptr<Relay> relay;
  std::size_t peer;
  Encoder content;
};

Relay::Relay(Parts parts) : parts_(std::move(parts)) {
  for (int rank : parts_.to) peers_.push_back({rank});
}

void Relay::have(std::size_t bytes) {
  here_ = bytes;
  for (Peer& peer : peers_) send(peer);
  check_done();
}

void Relay::send(Peer& peer) {
  while (peer.next < here_ && peer.leaving < kPiecesLeaving) {
    std::size_t bytes = std::min(kPiece, parts_.data.size() - peer.next);
    if (peer.next + bytes > here_) return;  // whole pieces alone
    auto piece = std::make_shared<Piece>(Piece{shared_from_this(), static_cast<std::size_t>(&peer - peers_.data()), {}});
    piece->content.put(ShareData{parts_.object, peer.next, bytes});
    piece->content.block(parts_.data.data() + peer.next, bytes, 1);
    piece->content.close();
    Frame frame{Word::kShareData, 1, parts_.number(), &piece->content, piece};
    peer.next += bytes;
    if (!is_small(frame)) ++peer.leaving;
    parts_.link->send(peer.rank, std::move(frame));
  }
}

void Relay::left(const Frame& frame) {
  const auto& piece = *static_cast<const Piece*>(frame.owner.get());
  Relay& relay = *piece.relay;
  Peer& peer = relay.peers_[piece.peer];
  --peer.leaving;
  relay.send(peer);
  relay.check_done();
}

bool Relay::done() const {
  return here_ == parts_.data.size() &&
         std::all_of(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.next == here_ && peer.leaving == 0; });
}

void Relay::check_done() {
  if (when_done && done()) std::exchange(when_done, nullptr)();
}

std::vector<Branch> branches(const std::vector<std::int32_t>& ranks, std::size_t bytes) {
  std::vector<Branch> all;
  std::size_t count = std::min<std::size_t>(bytes / Relay::kPiece >= ranks.size() ? 1 : 2, ranks.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t begin = ranks.size() * i / count, end = ranks.size() * (i + 1) / count;
    all.push_back({ranks[begin], {ranks.begin() + static_cast<std::ptrdiff_t>(begin) + 1, ranks.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  return all;
}

}  // namespace gluster::wire
