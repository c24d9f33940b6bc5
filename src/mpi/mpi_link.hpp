#pragma once
#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "mpi/mailboxes.hpp"
#include "mpi/outflow.hpp"
#include "mpi/sink.hpp"
#include "wire/link.hpp"

namespace gluster::mpi {

// Frames over MPI point to point. Where there are mailboxes heads go through these, and the rest in parcels beside them as long as there is room, else by the stream. Other
// heads have receives posted ahead, from any source; their buffers are pooled.
//
// Small frames for one rank gather in one message until the next flush; in a mailbox they are at once. The pieces of a frame have one tag, and are sent and
// received in order, so they cannot be taken for one another's.
class MpiLink final : public wire::Link {
 public:
  // `comm` is this link's alone and outlives it, as the mailboxes' memory does; `posted` receives are kept ready (0: all peers have mailboxes).
  MpiLink(MPI_Comm comm, Mailboxes mailboxes, int posted);
  // Takes back the receives; what was not sent is dropped, so see that it is drained() first.
  ~MpiLink() override;

  void send(int rank, wire::Frame frame) override;
  void flush() override;
  std::size_t gathered(int rank) const override {
    const Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
    return outbox.frames + outbox.full.size();
  }
  bool poll(wire::Receiver& receiver) override;
  bool busy() const override { return !arrivals_.empty() || !deliveries_.empty() || !departures_.empty() || streamed_ != 0 || streaming_ != 0; }
  bool drained() const override { return departures_.empty() && streaming_ == 0 && !unread_ && sending_.empty() && waiting_.empty(); }
  void rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) override;
  void wake() override { mailboxes_.ring(); }
  void trim() override;
  bool is_still() const override { return only_mail_.load(std::memory_order_relaxed) && !mailboxes_.have_mail(); }
  std::chrono::microseconds longest_rest() const override;
  wire::Counters& counters() override;
  const wire::Counters* counters_of(int rank) const override;

 private:
  static constexpr int kHeadTag = 0;
  static constexpr Parcels::Name kStreamed = ~Parcels::Name{0};  // no parcel: it comes by the stream
  struct Buffer {
    alignas(64) std::byte bytes[wire::kMessageBytes];
  };
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
  struct Message {
    BufferPointer buffer;
    std::size_t bytes;
  };
  struct Outbox {  // what waits for the next flush to a rank
    Mailbox* mailbox = nullptr;
    std::deque<Message> full;  // the mailbox had no room
    BufferPointer buffer;      // the message that is being put together
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
    std::vector<MPI_Request> requests;  // none: it waits for its turn
    std::optional<Outflow::Ticket> ticket = {};
  };
  struct Arrival {
    int rank;
    wire::Head head;
    std::shared_ptr<Block<std::byte>> spill;  // while its body is on its way
    std::unique_ptr<wire::Incoming> frame;    // then while its segments are; null: thrown away
    std::optional<Sink> sink;                 // where it is thrown away to
    std::vector<MPI_Request> requests;
    std::vector<std::uint64_t> segments;  // their bytes, as long as they are not posted
    std::uint64_t receiving = 0;          // bytes of those that are, from a rank of this node
    std::uint64_t bytes = 0;              // of all its pieces
  };

  struct Delivery {  // a frame with a parcel, or one that comes by the stream
    int rank;
    wire::Head head;
    std::variant<Parcels::Incoming, Stream::Part> source;
    std::shared_ptr<Block<std::byte>> spill = {};
    std::unique_ptr<wire::Incoming> frame = {};  // null: its body is to come
    std::size_t segments = 0;                    // that are here
    std::size_t read = 0;                        // bytes of the next one, or of the body
    bool is_refused = false;
  };
  struct Streaming {  // a frame that leaves by the stream
    wire::Frame frame{};
    Stream::Part::Size bytes = 0;  // of its pieces: the first piece of all
    std::size_t pieces = 0;        // that have been written
    std::size_t written = 0;       // bytes of the next one
  };

  int tag(std::uint64_t number) const;
  bool is_beside(int rank) const { return outboxes_[static_cast<std::size_t>(rank)].mailbox != nullptr; }
  void post(Posted& posted);
  static void write_parcel(Parcels::Writer& parcels, const wire::Frame& frame);
  void gather(int rank, const wire::Frame& frame, Parcels::Name parcel);
  void close(Outbox& outbox);
  void flush(int rank);
  bool flush_to_mailbox(Outbox& outbox);
  void send_message(int rank, Message message);
  void send_pieces(int rank, wire::Frame frame);
  void post_pieces(Departure& departure);
  bool takes_turns(int rank, wire::Word word, std::uint64_t bytes) const;
  void post_in_turn();
  void acknowledge(int rank);
  void receive_pieces(Arrival& arrival, void* data, std::size_t bytes);
  bool take_mail(wire::Receiver& receiver);
  bool take_messages(wire::Receiver& receiver);
  void take_message(BufferPointer buffer, int rank, std::size_t bytes, wire::Receiver& receiver);
  void take_frame(int rank, const wire::View& view, BufferPointer holder, wire::Receiver& receiver);
  void take_beside(int rank, const wire::View& view, BufferPointer holder, wire::Receiver& receiver);
  void open_delivery(Delivery& delivery, std::span<const std::byte> body, std::shared_ptr<const void> holder, wire::Receiver& receiver);
  std::uint64_t most_at_once() const;
  bool read_on(Delivery& delivery, std::uint64_t most);
  bool go_on(Delivery& delivery, std::uint64_t most, wire::Receiver& receiver);
  bool is_delivering(int rank) const;
  bool awaits_body(int rank) const;
  bool advance_deliveries(wire::Receiver& receiver);
  bool advance_streamed(int rank, wire::Receiver& receiver);
  bool write_on(Streaming& streaming, Stream::Writer& stream);
  bool advance_streaming(Mailbox& mailbox, wire::Receiver& receiver);
  bool advance_streams_out(wire::Receiver& receiver);
  static bool is_wanted(wire::Incoming& frame, wire::Receiver& receiver);
  void open(std::unique_ptr<wire::Incoming> frame, wire::Receiver& receiver);
  void open_spilled(Arrival arrival, wire::Receiver& receiver);
  void receive_segments(std::unique_ptr<wire::Incoming> frame, bool wanted);
  void post_segments(Arrival& arrival);
  bool advance_arrivals(wire::Receiver& receiver);
  bool advance_departures(wire::Receiver& receiver);
  bool advance_messages();

  MPI_Comm comm_;
  std::uint64_t largest_tag_;
  std::atomic<bool> only_mail_ = false;  // nothing is in MPI's hands, nor waits for a place
  Mailboxes mailboxes_;
  Pool in_pool_;
  Pool out_pool_;               // apart: it stays small, and so in the cache
  std::vector<Posted> posted_;  // a ring; MPI fills it in order
  std::size_t next_posted_ = 0;
  std::vector<Outbox> outboxes_;  // by rank
  std::vector<int> waiting_;      // ranks whose outbox holds something
  std::deque<Sending> sending_;
  std::list<Departure> departures_;
  Outflow outflow_;
  std::list<Delivery> deliveries_;  // one a rank at most
  std::uint64_t delivered_ = 0;     // bytes, in all
  // By rank, one after the other; and how many these are in all.
  std::vector<std::list<Delivery>> streamed_by_;
  std::vector<std::list<Streaming>> streaming_to_;
  std::size_t streamed_ = 0, streaming_ = 0;
  bool unread_ = false;  // something may lie in a stream that goes out
  std::list<Arrival> arrivals_;
  std::size_t unposted_ = 0;     // of arrivals
  std::uint64_t receiving_ = 0;  // bytes of segments from ranks of this node
};

}  // namespace gluster::mpi
