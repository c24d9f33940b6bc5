#include "mpi/mpi_link.hpp"

#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "mpi/check.hpp"

namespace gluster::mpi {
namespace {

std::uint64_t tag_limit() {
  void* value = nullptr;
  int found = 0;
  check(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found), "MPI_Comm_get_attr");
  return found != 0 ? static_cast<std::uint64_t>(*static_cast<int*>(value)) : 32767;
}

}  // namespace

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
  streamed_by_.resize(outboxes_.size());
  streaming_to_.resize(outboxes_.size());
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

bool MpiLink::poll(wire::Receiver& receiver) {
  if (!waiting_.empty()) flush();
  bool moved = take_mail(receiver);
  if (!posted_.empty()) moved |= take_messages(receiver);
  if (!sending_.empty()) advance_messages();
  if (unread_) moved |= advance_streams_out(receiver);
  if (!departures_.empty()) moved |= advance_departures(receiver);
  if (!arrivals_.empty()) moved |= advance_arrivals(receiver);
  if (!waiting_.empty()) flush();
  only_mail_.store(posted_.empty() && !busy() && drained(), std::memory_order_relaxed);
  return moved;
}

void MpiLink::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) {
  if (mailboxes_.all().empty()) Link::rest(most, ready, context);
  else mailboxes_.rest(most, ready, context);
}

void MpiLink::trim() {
  for (Mailbox& mailbox : mailboxes_.all()) {
    mailbox.parcels_out.trim();
    if (streaming_to_[static_cast<std::size_t>(mailbox.rank)].empty()) mailbox.stream_out.trim();
  }
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
