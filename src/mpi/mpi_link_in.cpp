// What comes in.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <variant>

#include <gluster/error.hpp>

#include "base/log.hpp"
#include "mpi/check.hpp"
#include "mpi/mpi_link.hpp"
#include "mpi/pieces.hpp"

namespace gluster::mpi {
namespace {

constexpr int kMessagesAtOnce = 64;  // then others get their turn
// While so much is being received from ranks of this node no more is posted: what MPI finds posted it may copy in one go, and the baton is held as long as that takes.
// From other nodes it comes in small parts, and who is slow must not hold up others.
constexpr std::uint64_t kReceivedAtOnce = std::uint64_t{4} << 20;

}  // namespace

void MpiLink::post(Posted& posted) {
  if (!posted.buffer || posted.buffer.use_count() != 1) posted.buffer = in_pool_.take();  // else nothing lies in it any more
  check(MPI_Irecv(posted.buffer->bytes, wire::kMessageBytes, MPI_BYTE, MPI_ANY_SOURCE, kHeadTag, comm_, &posted.request), "MPI_Irecv");
}

// A message is copied out first: what is decoded lies in it for as long as its call lives, and a mailbox gives its places back in order.
// What comes behind a parcel that is still being written waits for it, and what comes behind a body in the stream too: so frames are opened in order.
bool MpiLink::take_mail(wire::Receiver& receiver) {
  bool moved = !deliveries_.empty() && advance_deliveries(receiver);
  for (Mailbox& mailbox : mailboxes_.all()) {
    const std::uint64_t most = delivered_ + kReceivedAtOnce;
    for (int count = 0;
         count < kMessagesAtOnce && delivered_ < most && !is_delivering(mailbox.rank) && !awaits_body(mailbox.rank) && mailbox.in.has_message();
         ++count) {
      std::span<const std::byte> message = mailbox.in.message();
      BufferPointer buffer = in_pool_.take();
      std::memcpy(buffer->bytes, message.data(), message.size());
      mailbox.in.pop();
      take_message(std::move(buffer), mailbox.rank, message.size(), receiver);
      moved = true;
    }
    if (streamed_ != 0) moved |= advance_streamed(mailbox.rank, receiver);
  }
  return moved;
}

bool MpiLink::take_messages(wire::Receiver& receiver) {
  for (int count = 0; count < kMessagesAtOnce; ++count) {
    Posted& posted = posted_[next_posted_];
    int done = 0;
    MPI_Status status;
    check(MPI_Test(&posted.request, &done, &status), "MPI_Test");
    if (done == 0) return count != 0;
    int bytes = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    take_message(posted.buffer, status.MPI_SOURCE, static_cast<std::size_t>(bytes), receiver);
    post(posted);
    next_posted_ = (next_posted_ + 1) % posted_.size();
  }
  return true;
}

void MpiLink::take_message(BufferPointer buffer, int rank, std::size_t bytes, wire::Receiver& receiver) {
  std::span<const std::byte> message(buffer->bytes, bytes);
  try {
    while (!message.empty()) {
      wire::View view = wire::unpack(message);
      take_frame(rank, view, message.empty() ? std::move(buffer) : buffer, receiver);
    }
  } catch (const DataError& error) {
    base::log().error("rank {} sent what is no frame, and the rest of its message is dropped: {}", rank, error.what());
  }
}

void MpiLink::take_frame(int rank, const wire::View& view, BufferPointer holder, wire::Receiver& receiver) {
  if (view.head.parcel != 0) return take_beside(rank, view, std::move(holder), receiver);
  if (view.head.spilled == 0) {
    auto frame = fresh();
    frame->start(rank, view.head, view.body, std::move(holder));
    return open(std::move(frame), receiver);
  }
  Arrival& arrival = arrivals_.emplace_back();
  arrival.rank = rank;
  arrival.head = view.head;
  arrival.spill = std::make_shared<Block<std::byte>>(view.head.body);
  if (view.head.segments == 0) arrival.bytes = view.head.body;  // else the segments come last
  receive_pieces(arrival, arrival.spill->data(), view.head.body);
}

void MpiLink::receive_pieces(Arrival& arrival, void* data, std::size_t bytes) {
  for_pieces(bytes, [&](std::size_t at, int size) {
    MPI_Request& request = arrival.requests.emplace_back();
    void* into = arrival.sink ? arrival.sink->data() : static_cast<std::byte*>(data) + at;
    check(MPI_Irecv(into, size, MPI_BYTE, arrival.rank, tag(arrival.head.number), comm_, &request), "MPI_Irecv");
  });
}

// The body is here, and so is known where the rest goes.
bool MpiLink::is_wanted(wire::Incoming& frame, wire::Receiver& receiver) {
  try {
    receiver.opened(frame);
    return true;
  } catch (const std::exception& error) {  // who is to know has been told by the receiver
    base::log().debug("a frame of rank {} is dropped: {}", frame.rank, error.what());
    return false;
  }
}

// The body is here: the rest is too, or is received now.
void MpiLink::open(std::unique_ptr<wire::Incoming> frame, wire::Receiver& receiver) {
  const bool wanted = is_wanted(*frame, receiver);
  if (frame->head.segments != 0) return receive_segments(std::move(frame), wanted);
  if (wanted) receiver.arrived(std::move(frame));
  if (frame) recycle(std::move(frame));
}

void MpiLink::receive_segments(std::unique_ptr<wire::Incoming> frame, bool wanted) {
  Arrival& arrival = arrivals_.emplace_back();
  arrival.rank = frame->rank;
  arrival.head = frame->head;
  const auto& sizes = frame->in.sizes();
  wanted = wanted && frame->in.places.size() == sizes.size();
  if (!wanted) arrival.sink.emplace(std::min<std::size_t>(wire::kPieceBytes, *std::max_element(sizes.begin(), sizes.end())));
  arrival.segments = sizes;
  arrival.bytes = std::accumulate(sizes.begin(), sizes.end(), frame->head.spilled == 0 ? std::uint64_t{0} : std::uint64_t{frame->head.body});
  if (wanted) arrival.frame = std::move(frame);
  if ((++unposted_ == 1 && receiving_ < kReceivedAtOnce) || !is_beside(arrival.rank)) post_segments(arrival);
}

void MpiLink::post_segments(Arrival& arrival) {
  for (std::size_t i = 0; i < arrival.segments.size(); ++i) {
    receive_pieces(arrival, arrival.frame ? arrival.frame->in.places[i].data : nullptr, arrival.segments[i]);
    if (is_beside(arrival.rank)) arrival.receiving += arrival.segments[i];
  }
  receiving_ += arrival.receiving;
  arrival.segments.clear();
  --unposted_;
}

// Where spill and segments lie beside the message, or soon will, or come by the stream.
void MpiLink::take_beside(int rank, const wire::View& view, BufferPointer holder, wire::Receiver& receiver) {
  Mailbox* mailbox = outboxes_[static_cast<std::size_t>(rank)].mailbox;
  const bool is_streamed = view.head.parcel == kStreamed;
  if (mailbox == nullptr || (is_streamed ? !mailbox->stream_in.is_possible() : is_delivering(rank)))
    Decoder::malformed("a parcel where there can be none");
  auto& streamed = streamed_by_[static_cast<std::size_t>(rank)];
  if (is_streamed) {
    streamed.push_back({rank, view.head, Stream::Part(mailbox->stream_in)});
    ++streamed_;
    if (view.head.spilled == 0) open_delivery(streamed.back(), view.body, std::move(holder), receiver);
    return;
  }
  Delivery delivery{rank, view.head, mailbox->parcels_in.open(view.head.parcel)};
  if (view.head.spilled == 0) open_delivery(delivery, view.body, std::move(holder), receiver);
  if (!go_on(delivery, kReceivedAtOnce, receiver)) deliveries_.push_back(std::move(delivery));
}

bool MpiLink::is_delivering(int rank) const {
  return std::any_of(deliveries_.begin(), deliveries_.end(), [&](const Delivery& one) { return one.rank == rank; });
}

// Only the last of them may: nothing behind it is taken.
bool MpiLink::awaits_body(int rank) const {
  const auto& streamed = streamed_by_[static_cast<std::size_t>(rank)];
  return !streamed.empty() && !streamed.back().frame && !streamed.back().is_refused;
}

// Its body is here.
void MpiLink::open_delivery(Delivery& delivery, std::span<const std::byte> body, std::shared_ptr<const void> holder, wire::Receiver& receiver) {
  delivery.is_refused = true;  // also where this throws
  auto frame = fresh();
  frame->start(delivery.rank, delivery.head, body, std::move(holder));
  std::uint64_t left = std::visit([](const auto& source) { return source.most_left(); }, delivery.source);
  for (const std::uint64_t bytes : frame->in.sizes()) {
    if (bytes > left) Decoder::malformed("a segment beyond its parcel");
    left -= bytes;
  }
  delivery.is_refused = !is_wanted(*frame, receiver) || frame->in.places.size() != frame->in.sizes().size();
  if (delivery.is_refused) recycle(std::move(frame));
  else delivery.frame = std::move(frame);
}

// How much of one frame is moved in one go, by whoever has the baton.
std::uint64_t MpiLink::most_at_once() const {
  return std::max<std::uint64_t>(kReceivedAtOnce / std::max<std::size_t>(streamed_ + streaming_, 1), Stream::kStep);
}

// True when all of its body, or then of its segments, is here.
bool MpiLink::read_on(Delivery& delivery, std::uint64_t most) {
  const auto is_whole = [&](std::byte* data, std::size_t bytes) {
    const std::size_t wanted = std::min<std::size_t>(bytes - delivery.read, most);
    const std::size_t more = std::visit([&](auto& source) { return source.read(data + delivery.read, wanted); }, delivery.source);
    most -= more;
    delivered_ += more;
    delivery.read += more;
    if (delivery.read < bytes) return false;
    delivery.read = 0;
    return true;
  };
  if (!delivery.frame) return is_whole(delivery.spill->data(), delivery.spill->size());
  const Decoder& in = delivery.frame->in;
  for (; delivery.segments < in.places.size(); ++delivery.segments)
    if (!is_whole(static_cast<std::byte*>(in.places[delivery.segments].data), in.sizes()[delivery.segments])) return false;
  return true;
}

// As far as it is written; false when more is to come.
bool MpiLink::go_on(Delivery& delivery, std::uint64_t most, wire::Receiver& receiver) {
  Stream::Part* part = std::get_if<Stream::Part>(&delivery.source);
  if (part != nullptr && !part->has_begun()) return false;
  while (!delivery.frame && !delivery.is_refused) {
    if (!delivery.spill) {
      if (delivery.head.body > std::visit([](const auto& source) { return source.most_left(); }, delivery.source))
        Decoder::malformed("a body beyond its parcel");
      delivery.spill = std::make_shared<Block<std::byte>>(delivery.head.body);
    }
    if (!read_on(delivery, most)) return false;
    open_delivery(delivery, std::span<const std::byte>(*delivery.spill), delivery.spill, receiver);
  }
  if (!delivery.is_refused) {
    if (!read_on(delivery, most)) return false;
    delivery.is_refused = true;  // what is left is not wanted; also where the frame cannot be kept
    receiver.arrived(std::move(delivery.frame));
    if (delivery.frame) recycle(std::move(delivery.frame));
  }
  if (part == nullptr) return true;
  delivered_ += part->pass_over();
  return part->is_over();
}

bool MpiLink::advance_deliveries(wire::Receiver& receiver) {
  const std::uint64_t before = delivered_;
  for (std::size_t count = deliveries_.size(); count != 0; --count) {
    Delivery delivery = std::move(deliveries_.front());
    deliveries_.pop_front();
    try {
      if (!go_on(delivery, kReceivedAtOnce, receiver)) deliveries_.push_back(std::move(delivery));
    } catch (const DataError& error) {
      base::log().error("a rank of this node sent what is no frame: {}", error.what());
    }
  }
  return delivered_ != before;
}

bool MpiLink::advance_streamed(int rank, wire::Receiver& receiver) {
  auto& streamed = streamed_by_[static_cast<std::size_t>(rank)];
  const std::uint64_t before = delivered_;
  while (!streamed.empty() && delivered_ - before < most_at_once()) {
    try {
      if (!go_on(streamed.front(), most_at_once(), receiver)) break;
      streamed.pop_front();
      --streamed_;
    } catch (const DataError& error) {
      base::log().error("rank {} sent what is no frame: {}", rank, error.what());
      streamed.front().is_refused = true;
    } catch (...) {
      streamed.front().is_refused = true;
      throw;
    }
  }
  return delivered_ != before;
}

void MpiLink::open_spilled(Arrival arrival, wire::Receiver& receiver) {
  std::span<const std::byte> bytes(*arrival.spill);
  try {
    auto frame = fresh();
    frame->start(arrival.rank, arrival.head, bytes, arrival.spill);
    open(std::move(frame), receiver);
  } catch (const DataError& error) {
    base::log().error("rank {} sent what is no frame: {}", arrival.rank, error.what());
  }
}

bool MpiLink::advance_arrivals(wire::Receiver& receiver) {
  bool moved = false;
  for (auto at = arrivals_.begin(); unposted_ != 0 && receiving_ < kReceivedAtOnce; ++at)
    if (!at->segments.empty()) post_segments(*at);
  for (auto at = arrivals_.begin(); at != arrivals_.end();) {
    if (!at->segments.empty() || !all_done(at->requests)) {
      ++at;
      continue;
    }
    receiving_ -= at->receiving;
    Arrival arrival = std::move(*at);
    at = arrivals_.erase(at);
    if (takes_turns(arrival.rank, arrival.head.word, arrival.bytes)) acknowledge(arrival.rank);
    moved = true;
    if (arrival.spill) open_spilled(std::move(arrival), receiver);
    else if (arrival.frame) receiver.arrived(std::move(arrival.frame));
  }
  return moved;
}

}  // namespace gluster::mpi
