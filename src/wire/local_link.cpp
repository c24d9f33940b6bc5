#include "wire/local_link.hpp"

#include <cstring>

namespace gluster::wire {
namespace {

Head head_of(const Frame& frame) {
  return {0, static_cast<std::uint32_t>(frame.content->segments.size()), frame.number, frame.content->body.size(), frame.attempt, frame.word, 0, 0};
}

}  // namespace

// Goes back when nobody reads it any more.
struct LocalLink::Lent {
  Frame frame;
  std::shared_ptr<Mailbox> in, out;
  Lent(Frame its, std::shared_ptr<Mailbox> here, std::shared_ptr<Mailbox> there)
      : frame(std::move(its)), in(std::move(here)), out(std::move(there)) {}
  ~Lent() {
    in->read.push(std::move(frame));
    out->bell.ring();
  }
  Lent(const Lent&) = delete;
};

std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> LocalLink::pair(int rank_of_first, int rank_of_second) {
  return make(rank_of_first, rank_of_second, false);
}

std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> LocalLink::lending_pair(int rank_of_first, int rank_of_second) {
  return make(rank_of_first, rank_of_second, true);
}

std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> LocalLink::make(int rank_of_first, int rank_of_second, bool lends) {
  auto one = std::make_shared<Mailbox>(), other = std::make_shared<Mailbox>();
  return {std::unique_ptr<Link>(new LocalLink(rank_of_second, one, other, false)),
          std::unique_ptr<Link>(new LocalLink(rank_of_first, other, one, lends))};
}

void LocalLink::send(int, Frame frame) {
  if (is_small(frame)) {  // as if it had been packed
    auto copy = std::make_shared<Encoder>();
    copy->body.append(frame.content->body.data(), frame.content->body.size());
    frame.content = copy.get();
    frame.owner = std::move(copy);
  }
  out_->frames.push(std::move(frame));
  out_->bell.ring();
}

bool LocalLink::poll(Receiver& receiver) {
  std::deque<Frame> read = out_->read.take_all();
  for (const Frame& frame : read) receiver.left(peer_, frame);
  std::deque<Frame> frames = in_->frames.take_all();
  for (Frame& frame : frames) take(std::move(frame), receiver);
  return !read.empty() || !frames.empty();
}

void LocalLink::take(Frame frame, Receiver& receiver) {
  std::shared_ptr<const Lent> lent = is_small(frame) ? nullptr : std::make_shared<const Lent>(frame, in_, out_);
  const Encoder& content = *frame.content;
  auto incoming = fresh();
  bool wanted = true;
  try {
    if (borrows_ && lent) {
      incoming->start(peer_, head_of(frame), content.body, lent);
      incoming->in.segments_lie(content.segments);
    } else {
      incoming->start(peer_, head_of(frame), content.body, frame.owner);
    }
    receiver.opened(*incoming);
  } catch (const std::exception&) {  // the receiver has told the sender what is wrong
    wanted = false;
  }
  const auto& places = incoming->in.places;
  wanted = wanted && places.size() == content.segments.size();
  for (std::size_t i = 0; wanted && i < places.size(); ++i)
    if (places[i].data != nullptr) std::memcpy(places[i].data, content.segments[i].data, places[i].bytes);
  if (wanted) receiver.arrived(std::move(incoming));
  if (incoming) recycle(std::move(incoming));
}

void LocalLink::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) {
  in_->bell.sleep(most, [&] { return (ready != nullptr && ready(context)) || !is_still(); });
}

}  // namespace gluster::wire
