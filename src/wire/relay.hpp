#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "wire/link.hpp"
#include "wire/message.hpp"

namespace gluster::wire {

// Sends shared data on from where it lies, in pieces, to the next ranks of its tree: a piece as soon as it is here, and few at a time, so that who is slow
// holds up nobody but those behind it. With the baton held.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  struct Parts {
    Link* link;
    std::uint64_t object;
    std::span<const std::byte> data;
    std::shared_ptr<const void> owner;      // of the data
    std::vector<int> to;                    // ranks
    std::function<std::uint64_t()> number;  // of the next frame
  };
  // MPI sends all that is leaving at once, so all of it arrives together, and as much later at each rank of a chain: a product of 1024 on 16 hosts behind slow cables, with
  // 8 MiB to each, took 11.0 s with two pieces of 512 KiB and takes 9.0 s with these (bench/run paper, Table 2; by hand 11.0 s); smaller ones brought nothing more.
  static constexpr std::size_t kPiece = std::size_t{256} << 10;
  static constexpr int kPiecesLeaving = 2;  // to a rank

  explicit Relay(Parts parts);

  // Of the data, the first `bytes` are here.
  void have(std::size_t bytes);
  // A piece has left; `frame` is one that a Relay sent.
  static void left(const Frame& frame);
  // Everything has left for everybody.
  bool done() const;

  // Called when done, once.
  std::function<void()> when_done;

 private:
  struct Peer {
    int rank;
    std::size_t next = 0;  // byte
    int leaving = 0;       // pieces
  };
  struct Piece;

  void send(Peer& peer);
  void check_done();

  Parts parts_;
  std::size_t here_ = 0;
  std::vector<Peer> peers_;
};

// Who passes shared data on to whom. The first of `ranks` gets it from the sender, and with it the list of those that it has to pass it on to; for data of many pieces a
// chain, since then every link carries it once; else two branches, since then few pass it on before the last has it.
struct Branch {
  int rank;
  std::vector<std::int32_t> below;
};
std::vector<Branch> branches(const std::vector<std::int32_t>& ranks, std::size_t bytes);

}  // namespace gluster::wire
