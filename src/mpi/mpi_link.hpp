#pragma once
#include <mpi.h>

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "mpi/sink.hpp"
#include "wire/link.hpp"

namespace gluster::mpi {

// Frames over MPI point to point. Heads have receives posted ahead, from any source; their buffers are pooled.
//
// Small frames for one rank gather in one message until the next flush. The pieces of a frame have one tag, and are sent and
// received in order, so they cannot be taken for one another's.
class MpiLink final : public wire::Link {
 public:
  // `comm` is this link's alone and outlives it; `posted` receives are kept ready.
  MpiLink(MPI_Comm comm, int posted);
  // Takes back the receives; what was not sent is dropped, so see that it is drained() first.
  ~MpiLink() override;

  void send(int rank, wire::Frame frame) override;
  void flush() override;
  std::size_t gathered(int rank) const override { return outboxes_[static_cast<std::size_t>(rank)].frames; }
  bool poll(wire::Receiver& receiver) override;
  bool busy() const override { return !arrivals_.empty() || !departures_.empty(); }
  bool drained() const override { return departures_.empty() && sending_.empty() && waiting_.empty(); }

 private:
  struct Buffer;
  using BufferPointer = std::shared_ptr<Buffer>;

  // Buffers are used again when nothing lies in them any more: a frame may let go of its message on any thread.
  class Pool {
   public:
    BufferPointer take();

   private:
    std::vector<BufferPointer> all_;
    std::size_t next_ = 0;
  };
  struct Posted {
    BufferPointer buffer;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Outbox {  // the message that is being put together for a rank
    BufferPointer buffer;
    std::size_t used = 0;
    std::size_t frames = 0;
  };
  struct Sending {
    BufferPointer buffer;
    MPI_Request request;
  };
  struct Departure {  // a frame with pieces on their way
    int rank;
    wire::Frame frame;
    std::vector<MPI_Request> requests;
  };
  struct Arrival {
    int rank;
    wire::Head head;
    std::shared_ptr<Block<std::byte>> spill;    // while its body is on its way
    std::unique_ptr<wire::Incoming> frame;      // then while its segments are; null: thrown away
    std::optional<Sink> sink;                   // where it is thrown away to
    std::vector<MPI_Request> requests;
  };

  int tag(std::uint64_t number) const { return static_cast<int>(1 + number % (largest_tag_ - 1)); }
  void post(Posted& posted);
  void flush(int rank);
  void send_pieces(int rank, wire::Frame frame);
  void receive_pieces(Arrival& arrival, void* data, std::size_t bytes);
  bool take_messages(wire::Receiver& receiver);
  void take_message(const BufferPointer& buffer, int rank, std::size_t bytes, wire::Receiver& receiver);
  void take_frame(int rank, const wire::View& view, const std::shared_ptr<const void>& holder, wire::Receiver& receiver);
  void open(std::unique_ptr<wire::Incoming> frame, wire::Receiver& receiver);
  void open_spilled(Arrival arrival, wire::Receiver& receiver);
  void receive_segments(std::unique_ptr<wire::Incoming> frame, bool wanted);
  bool advance_arrivals(wire::Receiver& receiver);
  bool advance_departures(wire::Receiver& receiver);
  bool advance_messages();

  MPI_Comm comm_;
  std::uint64_t largest_tag_;
  Pool in_pool_;
  Pool out_pool_;  // apart: it stays small, and so in the cache
  std::vector<Posted> posted_;  // a ring; MPI fills it in order
  std::size_t next_posted_ = 0;
  std::vector<Outbox> outboxes_;  // by rank
  std::vector<int> waiting_;      // ranks whose outbox holds something
  std::deque<Sending> sending_;
  std::list<Departure> departures_;
  std::list<Arrival> arrivals_;
};

}  // namespace gluster::mpi
