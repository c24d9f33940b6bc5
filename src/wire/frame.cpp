#include "wire/frame.hpp"

#include <algorithm>
#include <cstring>

namespace gluster::wire {
bool spills(const Frame& frame) { return sizeof(Head) + frame.content->body.size() > kMessageBytes; }

std::size_t bytes_of_pieces(const Frame& frame) {
  const Encoder& content = *frame.content;
  std::size_t bytes = spills(frame) ? content.body.size() : 0;
  for (const Segment& segment : content.segments) bytes += segment.bytes;
  return bytes;
}

bool is_small(const Frame& frame) { return frame.content->segments.empty() && !spills(frame); }

std::size_t packed_bytes(const Frame& frame) { return sizeof(Head) + (spills(frame) ? 0 : frame.content->body.size()); }

// The head is put together in registers: written in parts and read back as a whole, it would wait in the store buffer behind the message before, whose cache
// line the other side still has (a quarter of the time that a call takes).
void pack(const Frame& frame, std::byte* at, std::uint32_t parcel) {
  const Encoder& content = *frame.content;
  bool spilled = spills(frame);
  auto put = [&](std::size_t place, std::uint64_t low, std::uint64_t high, unsigned shift) {
    std::uint64_t both = low | high << shift;
    std::memcpy(at + place, &both, sizeof both);
  };
  put(offsetof(Head, bytes), packed_bytes(frame), content.segments.size(), 32);
  put(offsetof(Head, number), frame.number, 0, 0);
  put(offsetof(Head, body), content.body.size(), 0, 0);
  put(offsetof(Head, attempt), frame.attempt | std::uint64_t{static_cast<std::uint8_t>(frame.word)} << 16 | (spilled ? std::uint64_t{1} << 24 : 0),
      parcel, 32);
  if (!spilled) std::memcpy(at + sizeof(Head), content.body.data(), content.body.size());
}

View unpack(std::span<const std::byte>& message) {
  View view{};
  if (message.size() < sizeof view.head) Decoder::malformed("no room for its head");
  std::memcpy(&view.head, message.data(), sizeof view.head);
  const Head& head = view.head;
  bool whole = head.bytes <= message.size() && head.bytes >= sizeof head;
  if (!whole || (head.spilled == 0 && head.body > head.bytes - sizeof head)) Decoder::malformed("a size beyond its message");
  if (head.spilled == 0) view.body = message.subspan(sizeof head, head.body);
  message = message.subspan(std::min(padded(head.bytes), message.size()));
  return view;
}

}  // namespace gluster::wire
