#include "mpi/mpi_link.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>

#include <gluster/error.hpp>

#include "base/log.hpp"
#include "mpi/check.hpp"
#include "wire/message.hpp"

namespace gluster::mpi {
namespace {

constexpr int kHeadTag = 0;
constexpr int kMessagesAtOnce = 64;  // then others get their turn
// While so much is being received from ranks of this node no more is posted: what MPI finds posted it may copy in one go, and the baton is held as long as that takes.
// From other nodes it comes in small parts, and who is slow must not hold up others.
constexpr std::uint64_t kReceivedAtOnce = std::uint64_t{4} << 20;

std::uint64_t tag_limit() {
  void* value = nullptr;
  int found = 0;
  check(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found), "MPI_Comm_get_attr");
  return found != 0 ? static_cast<std::uint64_t>(*static_cast<int*>(value)) : 32767;
}

bool all_done(std::vector<MPI_Request>& requests) {
  int done = 0;
  check(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
  return done != 0;
}

// What goes by itself, after the head.
std::size_t bytes_of_pieces(const wire::Frame& frame) {
  const Encoder& content = *frame.content;
  std::size_t bytes = wire::spills(frame) ? content.body.size() : 0;
  for (const Segment& segment : content.segments) bytes += segment.bytes;
  return bytes;
}

// Calls `piece(offset, bytes)` for every piece of a block.
template <class F>
void for_pieces(std::size_t bytes, F piece) {
  for (std::size_t at = 0; at < bytes; at += wire::kPieceBytes) piece(at, static_cast<int>(std::min(wire::kPieceBytes, bytes - at)));
}

}  // namespace

struct MpiLink::Buffer {
  alignas(64) std::byte bytes[wire::kMessageBytes];
};

MpiLink::BufferPointer MpiLink::Pool::take() {
  for (std::size_t looked = 0; looked < std::min(all_.size(), std::size_t{8}); ++looked) {
    const BufferPointer& buffer = all_[next_];
    next_ = (next_ + 1) % all_.size();
    if (buffer.use_count() != 1) continue;
    std::atomic_thread_fence(std::memory_order_acquire);  // what its last reader did comes before what is written now
    return buffer;
  }
  return all_.emplace_back(std::make_shared_for_overwrite<Buffer>());
}

MpiLink::MpiLink(MPI_Comm comm, Mailboxes mailboxes, int posted)
    : comm_(comm), largest_tag_(tag_limit()), mailboxes_(std::move(mailboxes)), posted_(static_cast<std::size_t>(posted)) {
  int size = 0;
  check(MPI_Comm_size(comm_, &size), "MPI_Comm_size");
  outboxes_.resize(static_cast<std::size_t>(size));
  for (Mailbox& mailbox : mailboxes_.all()) outboxes_[static_cast<std::size_t>(mailbox.rank)].mailbox = &mailbox;
  for (Posted& one : posted_) post(one);
}

MpiLink::~MpiLink() {
  for (Posted& one : posted_) {
    MPI_Cancel(&one.request);
    MPI_Wait(&one.request, MPI_STATUS_IGNORE);
  }
  if (!drained()) base::log().warn("messages were left unsent");
}

// Answers' tags in the lower half, others' in the upper; the largest is the acknowledgements'.
int MpiLink::tag(std::uint64_t number) const {
  std::uint64_t half = (largest_tag_ - 1) / 2;
  return static_cast<int>(1 + (number & ~wire::kOwnNumbers) % half + ((number & wire::kOwnNumbers) != 0 ? half : 0));
}

void MpiLink::post(Posted& posted) {
  if (!posted.buffer || posted.buffer.use_count() != 1) posted.buffer = in_pool_.take();  // else nothing lies in it any more
  check(MPI_Irecv(posted.buffer->bytes, wire::kMessageBytes, MPI_BYTE, MPI_ANY_SOURCE, kHeadTag, comm_, &posted.request), "MPI_Irecv");
}

// --- out ---------------------------------------------------------------------------------------------------------

void MpiLink::send(int rank, wire::Frame frame) {
  Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
  std::byte* place = outbox.mailbox != nullptr && outbox.frames == 0 && outbox.full.empty() ? outbox.mailbox->out.place() : nullptr;
  if (place != nullptr) {
    wire::pack(frame, place);
    outbox.mailbox->post(wire::packed_bytes(frame));
  } else {
    gather(rank, frame);
    only_mail_.store(false, std::memory_order_relaxed);
  }
  if (wire::is_small(frame)) return;
  only_mail_.store(false, std::memory_order_relaxed);
  if (outbox.mailbox == nullptr) flush(rank);
  send_pieces(rank, std::move(frame));
}

void MpiLink::gather(int rank, const wire::Frame& frame) {
  Outbox& outbox = outboxes_[static_cast<std::size_t>(rank)];
  if (outbox.frames == 0 && outbox.full.empty()) waiting_.push_back(rank);
  std::size_t at = wire::padded(outbox.used), bytes = wire::packed_bytes(frame);
  if (at + bytes > wire::kMessageBytes) {
    close(outbox);
    at = 0;
  }
  if (outbox.frames == 0) outbox.buffer = out_pool_.take();
  wire::pack(frame, outbox.buffer->bytes + at);
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
  if (takes_turns(rank, departure.frame.word, bytes_of_pieces(departure.frame))) post_in_turn();
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
    departure.ticket = outflow_.begin(bytes_of_pieces(departure.frame), now);
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
  for (auto at = departures_.begin(); at != departures_.end();) {
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

// --- in ----------------------------------------------------------------------------------------------------------

bool MpiLink::poll(wire::Receiver& receiver) {
  if (!waiting_.empty()) flush();
  bool moved = take_mail(receiver);
  if (!posted_.empty()) moved |= take_messages(receiver);
  if (!sending_.empty()) advance_messages();
  if (!departures_.empty()) moved |= advance_departures(receiver);
  if (!arrivals_.empty()) moved |= advance_arrivals(receiver);
  if (!waiting_.empty()) flush();
  only_mail_.store(posted_.empty() && !busy() && drained(), std::memory_order_relaxed);
  return moved;
}

// A message is copied out first: what is decoded lies in it for as long as its call lives, and a mailbox gives its places back in order.
bool MpiLink::take_mail(wire::Receiver& receiver) {
  bool moved = false;
  for (Mailbox& mailbox : mailboxes_.all())
    for (int count = 0; count < kMessagesAtOnce && mailbox.in.has_message(); ++count) {
      std::span<const std::byte> message = mailbox.in.message();
      BufferPointer buffer = in_pool_.take();
      std::memcpy(buffer->bytes, message.data(), message.size());
      mailbox.in.pop();
      take_message(std::move(buffer), mailbox.rank, message.size(), receiver);
      moved = true;
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

// The body is here: the rest is too, or is received now.
void MpiLink::open(std::unique_ptr<wire::Incoming> frame, wire::Receiver& receiver) {
  bool wanted = true;
  try {
    receiver.opened(*frame);
  } catch (const std::exception& error) {  // who is to know has been told by the receiver
    base::log().debug("a frame of rank {} is dropped: {}", frame->rank, error.what());
    wanted = false;
  }
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

// --- rest --------------------------------------------------------------------------------------------------------

void MpiLink::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) {
  if (mailboxes_.all().empty()) Link::rest(most, ready, context);
  else mailboxes_.rest(most, ready, context);
}

// MPI tells nobody that a message has come.
std::chrono::microseconds MpiLink::longest_rest() const { return posted_.empty() ? std::chrono::milliseconds(100) : Link::longest_rest(); }

// A runner has a mailbox with the master and with nobody else.
wire::Counters& MpiLink::counters() { return mailboxes_.all().empty() ? Link::counters() : *mailboxes_.all().front().counters; }

const wire::Counters* MpiLink::counters_of(int rank) const {
  const Mailbox* mailbox = outboxes_[static_cast<std::size_t>(rank)].mailbox;
  return mailbox == nullptr ? nullptr : mailbox->counters;
}

}  // namespace gluster::mpi
