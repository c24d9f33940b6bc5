#include "wire/frame.hpp"

#include <algorithm>
#include <cstring>

namespace gluster::wire {
namespace {

constexpr std::size_t kAlignment = 16;

std::size_t padded(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

bool spills(const Frame& frame) { return padded(sizeof(Head) + frame.content->body.size()) > kMessageBytes; }

bool is_small(const Frame& frame) { return frame.content->segments.empty() && !spills(frame); }

std::size_t packed_bytes(const Frame& frame) {
  return spills(frame) ? sizeof(Head) : padded(sizeof(Head) + frame.content->body.size());
}

void pack(const Frame& frame, std::byte* at) {
  const Encoder& content = *frame.content;
  Head head{static_cast<std::uint32_t>(packed_bytes(frame)),
            static_cast<std::uint32_t>(content.segments.size()),
            frame.number,
            content.body.size(),
            frame.attempt,
            frame.word,
            spills(frame),
            0};
  std::memcpy(at, &head, sizeof head);
  if (head.spilled == 0) std::memcpy(at + sizeof head, content.body.data(), content.body.size());
}

View unpack(std::span<const std::byte>& message) {
  View view{};
  if (message.size() < sizeof view.head) Decoder::malformed("no room for its head");
  std::memcpy(&view.head, message.data(), sizeof view.head);
  const Head& head = view.head;
  bool whole = head.bytes <= message.size() && head.bytes >= sizeof head && head.bytes % kAlignment == 0;
  if (!whole || (head.spilled == 0 && head.body > head.bytes - sizeof head))
    Decoder::malformed("a size beyond its message");
  if (head.spilled == 0) view.body = message.subspan(sizeof head, head.body);
  message = message.subspan(head.bytes);
  return view;
}

}  // namespace gluster::wire
