#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <gluster/codec.hpp>

// The bytes of one call or result.
//
//     message:  frame frame ...        at most kMessageBytes, so that MPI sends it eagerly; frames begin at multiples of 16
//     frame:    Head, body             body as Encoder::close leaves it: values, then the sizes of the segments
//     a body that does not fit travels by itself ahead of the segments: the spill
//     segments: each a message of its own (of kPieceBytes at most, then the rest), tagged by the frame's number
//     or spill and segments lie in a parcel, one behind the other, or come by a stream, where both ranks have one memory
namespace gluster::wire {

inline constexpr std::size_t kMessageBytes = 3584;
inline constexpr std::size_t kFrameAlignment = 16;  // of a body, and so of what it holds
inline constexpr std::size_t kPieceBytes = std::size_t{1} << 30;

enum class Word : std::uint8_t;  // message.hpp

// A runner answers under the number it was asked under; what it says unasked is numbered with this bit, so that no two frames between two
// ranks have one number, nor their segments one tag.
inline constexpr std::uint64_t kOwnNumbers = std::uint64_t{1} << 63;

struct Head {
  std::uint32_t bytes;     // of the frame in its message: this head, the body unless spilled
  std::uint32_t segments;  // not counting the spill
  std::uint64_t number;    // of the call, or of the control frame
  std::uint64_t body;      // bytes
  std::uint16_t attempt;
  Word word;
  std::uint8_t spilled;
  std::uint32_t parcel;  // mpi::Parcels::Name; 0: none
};
static_assert(sizeof(Head) == 32 && std::is_trivially_copyable_v<Head>);

// A frame on its way out. Its encoder must be closed, and hold still until the frame has left: a small one leaves in Link::send.
struct Frame {
  Word word;
  std::uint16_t attempt = 1;
  std::uint64_t number = 0;
  const Encoder* content = nullptr;
  std::shared_ptr<const void> owner;  // of `content` and of what its segments lie in; a small frame needs none
};

// True when the body travels by itself.
bool spills(const Frame& frame);
// True when nothing but the message itself has to travel: then the frame has left as soon as it is packed.
bool is_small(const Frame& frame);
// What travels by itself, after the message: spill and segments.
std::size_t bytes_of_pieces(const Frame& frame);
std::size_t packed_bytes(const Frame& frame);
// Where the next frame of a message may begin.
constexpr std::size_t padded(std::size_t bytes) { return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment; }
// Writes packed_bytes(frame) at `at`, which is aligned to 16.
void pack(const Frame& frame, std::byte* at, std::uint32_t parcel = 0);

// A frame as it lies in a message that came in.
struct View {
  Head head;
  std::span<const std::byte> body;  // empty when spilled
};
// Takes the first frame off `message`; throws DataError for what is not one.
View unpack(std::span<const std::byte>& message);

}  // namespace gluster::wire
