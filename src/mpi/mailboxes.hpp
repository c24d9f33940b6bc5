#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/bell.hpp"
#include "base/ring.hpp"
#include "mpi/parcels.hpp"
#include "mpi/stream.hpp"
#include "wire/counters.hpp"
#include "wire/frame.hpp"

namespace gluster::mpi {

// The messages of small frames between the master and a runner of its node: two rings in node memory, and a bell for each side; beside them what is larger, and a stream for what is larger still.
struct Mailbox {
  using Ring = base::Ring<wire::kMessageBytes, 32>;

  int rank;  // the other side's
  Ring::Reader in;
  Ring::Writer out;
  Parcels::Reader parcels_in;
  Parcels::Writer parcels_out;
  Stream::Reader stream_in;
  Stream::Writer stream_out;
  base::Bell* theirs;
  wire::Counters* counters;  // the runner's, whichever side this is

  // The message that lies at out.place().
  void post(std::size_t bytes) noexcept {
    out.publish(bytes);
    theirs->ring();
  }

  // One direction.
  struct Way {
    Ring* ring;
    Stream::Counts* counts;
    std::span<std::byte> parcels, stream;  // rooms, which may be empty
  };
  Mailbox(int its_rank, const Way& there, const Way& back, base::Bell& bell, wire::Counters& runners)
      : rank(its_rank),
        in(*there.ring),
        out(*back.ring),
        parcels_in(there.parcels),
        parcels_out(back.parcels),
        stream_in(*there.counts, there.stream),
        stream_out(*back.counts, back.stream),
        theirs(&bell),
        counters(&runners) {}
};

// All mailboxes of a rank: a master has one for each runner of its node, a runner there has one. A message goes through them in the fifth of the time that MPI takes,
// and whoever waits need not look again and again: the other side wakes it.
class Mailboxes {
 public:
  // What a node with these ranks needs: nothing where rank 0 is not among them, or alone.
  static std::size_t bytes_for(const std::vector<int>& ranks);
  // What they want for parcels and streams beside it; with less these have less room.
  static std::size_t bytes_for_parcels(const std::vector<int>& ranks);

  // None.
  Mailboxes() = default;
  // In that memory, zeros at first; null: none. `parcels` begins at a page and is only promised.
  Mailboxes(std::byte* memory, std::span<std::byte> parcels, const std::vector<int>& ranks, int self);

  std::deque<Mailbox>& all() noexcept { return all_; }
  // Any thread.
  bool have_mail() const noexcept {
    return std::any_of(all_.begin(), all_.end(), [](const Mailbox& box) { return box.in.has_message(); });
  }

  // Sleeps until there is mail, or `ready(context)`, or somebody rings, at most for so long. Any thread.
  void rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) const;
  // Ends every rest of this rank. Any thread.
  void ring() const noexcept {
    if (mine_ != nullptr) mine_->ring();
  }

 private:
  base::Bell* mine_ = nullptr;
  std::deque<Mailbox> all_;
};

}  // namespace gluster::mpi
