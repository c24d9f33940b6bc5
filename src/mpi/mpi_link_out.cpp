// What goes out.
#include <algorithm>
#include <cstring>

#include "mpi/check.hpp"
#include "mpi/mpi_link.hpp"
#include "mpi/pieces.hpp"
#include "wire/message.hpp"

namespace gluster::mpi {

void MpiLink::send(int rank, wire::Frame frame) {
  Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
  const bool is_small = wire::is_small(frame);
  const std::size_t bytes = is_small || outbox.mailbox == nullptr ? 0 : wire::bytes_of_pieces(frame);
  Parcels::Name parcel = 0;
  if (bytes != 0) {
    const auto begun = outbox.mailbox->parcels_out.begin(bytes);
    parcel = begun ? *begun : outbox.mailbox->stream_out.open() ? kStreamed : 0;
  }
  std::byte* place = outbox.mailbox != nullptr && outbox.frames == 0 && outbox.full.empty() ? outbox.mailbox->out.place() : nullptr;
  const bool is_read_meanwhile = place != nullptr && bytes > Parcels::kStep;
  if (parcel != 0 && parcel != kStreamed && !is_read_meanwhile) write_parcel(outbox.mailbox->parcels_out, frame);
  std::list<Streaming> one;  // made before its head may be read: a head and its bytes are both there, or neither
  if (parcel == kStreamed) one.emplace_back().bytes = bytes;
  if (place != nullptr) {
    wire::pack(frame, place, parcel);
    outbox.mailbox->post(wire::packed_bytes(frame));
  } else {
    gather(rank, frame, parcel);
    if (parcel == kStreamed) close(outbox);  // what is in one message is opened in one go
    only_mail_.store(false, std::memory_order_relaxed);
  }
  if (is_small) return;
  only_mail_.store(false, std::memory_order_relaxed);
  if (outbox.mailbox == nullptr) flush(rank);
  if (parcel == 0) return send_pieces(rank, std::move(frame));
  if (parcel == kStreamed) {
    auto& streaming = streaming_to_[static_cast<std::size_t>(rank)];
    one.front().frame = std::move(frame);
    streaming.splice(streaming.end(), one);
    ++streaming_;
    unread_ = true;
    if (streaming.size() == 1) write_on(streaming.front(), outbox.mailbox->stream_out);
    return;
  }
  if (is_read_meanwhile) write_parcel(outbox.mailbox->parcels_out, frame);
  departures_.emplace_back(Departure{rank, std::move(frame), {MPI_REQUEST_NULL}});  // has left: the next poll says so
}

void MpiLink::write_parcel(Parcels::Writer& parcels, const wire::Frame& frame) {
  const Encoder& content = *frame.content;
  if (wire::spills(frame)) parcels.write(content.body.data(), content.body.size());
  for (const Segment& segment : content.segments) parcels.write(segment.data, segment.bytes);
}

// As much as there is room for, within bounds; true when all of it has been written.
bool MpiLink::write_on(Streaming& streaming, Stream::Writer& stream) {
  const Encoder& content = *streaming.frame.content;
  const std::size_t before_segments = wire::spills(streaming.frame) ? 2 : 1;
  std::uint64_t most = most_at_once();
  while (streaming.pieces < before_segments + content.segments.size()) {
    std::span<const std::byte> piece = std::as_bytes(std::span(&streaming.bytes, 1));
    if (streaming.pieces >= before_segments) {
      const Segment& segment = content.segments[streaming.pieces - before_segments];
      piece = {static_cast<const std::byte*>(segment.data), segment.bytes};
    } else if (streaming.pieces == 1) {
      piece = {content.body.data(), content.body.size()};
    }
    const std::size_t bytes = std::min<std::size_t>(piece.size() - streaming.written, most);
    const std::size_t done = stream.write(piece.data() + streaming.written, bytes);
    most -= done;
    streaming.written += done;
    if (streaming.written < piece.size()) return false;
    streaming.written = 0;
    ++streaming.pieces;
  }
  return true;
}

bool MpiLink::advance_streaming(Mailbox& mailbox, wire::Receiver& receiver) {
  auto& streaming = streaming_to_[static_cast<std::size_t>(mailbox.rank)];
  if (streaming.empty()) return false;
  Streaming& next = streaming.front();
  const auto so_far = [&] { return std::pair(next.pieces, next.written); };
  const auto before = so_far();
  if (!write_on(next, mailbox.stream_out)) return so_far() != before;
  const wire::Frame frame = std::move(next.frame);
  streaming.pop_front();
  --streaming_;
  receiver.left(mailbox.rank, frame);
  return true;
}

bool MpiLink::advance_streams_out(wire::Receiver& receiver) {
  bool moved = false;
  for (Mailbox& mailbox : mailboxes_.all()) moved |= advance_streaming(mailbox, receiver);
  unread_ = streaming_ != 0 || !std::ranges::all_of(mailboxes_.all(), [](const Mailbox& one) { return one.stream_out.is_empty(); });
  return moved;
}

void MpiLink::gather(int rank, const wire::Frame& frame, Parcels::Name parcel) {
  Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
  if (outbox.frames == 0 && outbox.full.empty()) waiting_.push_back(rank);
  std::size_t at = wire::padded(outbox.used), bytes = wire::packed_bytes(frame);
  if (at + bytes > wire::kMessageBytes) {
    close(outbox);
    at = 0;
  }
  if (outbox.frames == 0) outbox.buffer = out_pool_.take();
  wire::pack(frame, outbox.buffer->bytes + at, parcel);
  outbox.used = at + bytes;
  ++outbox.frames;
}

// The next frame begins a message.
void MpiLink::close(Outbox& outbox) {
  if (outbox.frames != 0) outbox.full.push_back({std::move(outbox.buffer), outbox.used});
  outbox.used = outbox.frames = 0;
}

void MpiLink::flush() {
  for (std::size_t i = waiting_.size(); i-- > 0;) flush(waiting_[i]);
}

void MpiLink::flush(int rank) {
  Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
  close(outbox);
  if (outbox.mailbox != nullptr) {
    if (!flush_to_mailbox(outbox)) return;
  } else {
    while (!outbox.full.empty()) send_message(rank, outbox.full.front()), outbox.full.pop_front();
  }
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), rank));
}

// False when there is no room for all of it.
bool MpiLink::flush_to_mailbox(Outbox& outbox) {
  for (; !outbox.full.empty(); outbox.full.pop_front()) {
    std::byte* place = outbox.mailbox->out.place();
    if (place == nullptr) return false;
    const Message& message = outbox.full.front();
    std::memcpy(place, message.buffer->bytes, message.bytes);
    outbox.mailbox->post(message.bytes);
  }
  return true;
}

void MpiLink::send_message(int rank, Message message) {
  Sending sending{std::move(message.buffer), MPI_REQUEST_NULL};
  check(MPI_Isend(sending.buffer->bytes, static_cast<int>(message.bytes), MPI_BYTE, rank, kHeadTag, comm_, &sending.request), "MPI_Isend");
  int done = 0;  // an eager message has gone already
  check(MPI_Test(&sending.request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  if (done == 0) sending_.push_back(std::move(sending));
}

// Both ends know. Shared data has an order and a measure of its own.
bool MpiLink::takes_turns(int rank, wire::Word word, std::uint64_t bytes) const {
  return !is_beside(rank) && word != wire::Word::kShareData && bytes >= Outflow::kLarge;
}

void MpiLink::send_pieces(int rank, wire::Frame frame) {
  Departure& departure = departures_.emplace_back(Departure{rank, std::move(frame), {}});
  if (takes_turns(rank, departure.frame.word, wire::bytes_of_pieces(departure.frame))) post_in_turn();
  else post_pieces(departure);
}

void MpiLink::post_pieces(Departure& departure) {
  const Encoder& content = *departure.frame.content;
  auto send = [&](const void* data, std::size_t bytes) {
    for_pieces(bytes, [&](std::size_t at, int size) {
      MPI_Request& request = departure.requests.emplace_back();
      check(MPI_Isend(static_cast<const std::byte*>(data) + at, size, MPI_BYTE, departure.rank, tag(departure.frame.number), comm_, &request),
            "MPI_Isend");
    });
  };
  if (wire::spills(departure.frame)) send(content.body.data(), content.body.size());
  for (const Segment& segment : content.segments) send(segment.data, segment.bytes);
}

// They have left when the other side says so: what MPI takes for sent may lie in the kernel's buffers, megabytes for each peer, which then share the cable.
void MpiLink::post_in_turn() {
  for (Departure& departure : departures_) {
    if (!departure.requests.empty()) continue;
    const auto now = Outflow::Clock::now();
    if (!outflow_.has_room(now)) return;
    departure.ticket = outflow_.begin(wire::bytes_of_pieces(departure.frame), now);
    MPI_Request& acknowledged = departure.requests.emplace_back();
    check(MPI_Irecv(nullptr, 0, MPI_BYTE, departure.rank, static_cast<int>(largest_tag_), comm_, &acknowledged), "MPI_Irecv");
    post_pieces(departure);
  }
}

// It says that some frame has come, not which: if two to one rank overtake each other, the first may be taken for the second, and both are here in the end.
void MpiLink::acknowledge(int rank) {
  Sending sending{nullptr, MPI_REQUEST_NULL};
  check(MPI_Isend(nullptr, 0, MPI_BYTE, rank, static_cast<int>(largest_tag_), comm_, &sending.request), "MPI_Isend");
  sending_.push_back(std::move(sending));
}

bool MpiLink::advance_messages() {
  bool moved = false;
  while (!sending_.empty()) {
    int done = 0;
    check(MPI_Test(&sending_.front().request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) break;
    sending_.pop_front();
    moved = true;
  }
  return moved;
}

bool MpiLink::advance_departures(wire::Receiver& receiver) {
  bool moved = false;
  auto at = departures_.begin();
  for (std::size_t count = departures_.size(); count != 0; --count) {  // and not those that come meanwhile
    if (at->requests.empty() || !all_done(at->requests)) {
      ++at;
      continue;
    }
    Departure departure = std::move(*at);
    at = departures_.erase(at);
    if (departure.ticket) outflow_.end(*departure.ticket, Outflow::Clock::now());
    receiver.left(departure.rank, departure.frame);
    moved = true;
  }
  post_in_turn();
  return moved;
}

}  // namespace gluster::mpi
