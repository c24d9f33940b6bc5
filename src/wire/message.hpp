#pragma once
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <gluster/codec.hpp>

#include "wire/frame.hpp"

// Every word that master and runner say to each other, in order:
//
//     master -> runner   (Plugin | PluginBytes | Call | Batch | Cancel | Ping | Share | ShareData | Free)* Stop
//     runner -> master   Hello (PluginReady | PluginWanted | PluginFailed | Result | Pong | Output | ShareDone)* Goodbye
//     runner -> runner   (Share ShareData*)*    those that lead a node, of shared data
//
// MPI does not overtake between two ranks; among three nothing is ordered, so a Call waits for its PluginReady.
// Numbers are never used again.
namespace gluster::wire {

enum class Word : std::uint8_t {
  kHello = 1,
  kGoodbye = 2,
  kStop = 3,
  kPing = 4,
  kPong = 5,
  kOutput = 6,
  kPlugin = 8,
  kPluginBytes = 9,
  kPluginReady = 10,
  kPluginWanted = 11,
  kPluginFailed = 12,
  kCall = 16,
  kResult = 17,
  kCancel = 18,
  kBatch = 19,
  kShare = 24,
  kShareData = 25,
  kShareDone = 26,
  kFree = 27,
};

// A Call's body begins with this, then an ArgumentKind for each argument, then the arguments.
struct CallHead {
  std::uint32_t image;   // which plugin, as the master numbers them
  std::uint32_t kernel;  // which of the plugin's kernels, by name in order
};

// Many calls of one kernel, a chunk of a map: this, an ArgumentKind for each argument, and
//     kItems     after `begin` bytes that say nothing, the arguments of one call after the other
//     kIndices   those of one: the first argument is `begin`, and one more in each further call
//     kElements  a SharedRef, then the same: the first argument is element `begin` of what it names, and the next one in each further call
// Where `tickets` is not kNowhere, the runner draws which they are when it comes to the call: from the base::Tickets there in the node memory that it has in common with
// the master, `count` at most and a part in `shares` of what is left, counted from `begin`. After `patience` (nanoseconds; 0: never) it ends with the item that runs.
// It is answered by one Result, whose value is a BatchDone, then for each item that was run a byte, and its value (0) or its Failure (1). With a `fold` (which of the
// plugin's kernels it is, plus 1) there is one such byte and value alone: the items' values, folded in order; a Failure there begins with the item's place (u32).
enum class Items : std::uint32_t { kItems, kIndices, kElements };
struct BatchHead {
  CallHead call;
  std::uint32_t count;
  Items items;
  std::int64_t begin;
  std::uint32_t fold;
  std::uint32_t shares;
  std::uint64_t tickets;
  std::int64_t patience;
};
struct BatchDone {
  std::uint32_t first;  // of what was drawn, else 0
  std::uint32_t count;
  std::uint32_t done;  // of these; the rest is to go out again
  std::uint32_t zero;
};

enum class Outcome : std::uint8_t { kValue, kThrew, kRefused, kDropped };

// A Result's body begins with this, then the value, or Failure.
struct ResultHead {
  std::int64_t started;  // nanoseconds on the runner's clock
  std::int64_t compute;  // nanoseconds in the kernel
  std::uint32_t outcome;
  std::uint32_t zero;
};

// kThrew: a KernelError of this type; kRefused: the runner could not run the call at all.
struct Failure {
  std::string type;
  std::string message;
  auto fields() { return std::tie(type, message); }
};

struct Hello {
  std::string host, architecture, os, cpu, program;
  std::int32_t cores = 0, threads = 0;
  std::int64_t pid = 0;
  std::int32_t leader = -1;       // the lowest rank of its node; -1: it shares memory with nobody
  std::uint64_t node_memory = 0;  // bytes there for shared data
  auto fields() { return std::tie(host, architecture, os, cpu, program, cores, threads, pid, leader, node_memory); }
};

// Pong answers with the Ping's own time and the runner's, both nanoseconds of their steady clocks.
struct Ping {
  std::int64_t sent = 0;
  auto fields() { return std::tie(sent); }
};
struct Pong {
  std::int64_t sent = 0, here = 0;
  std::string kernel;
  std::uint64_t calls_done = 0, memory = 0;
  double load = 0;
  std::int64_t busy = 0;  // nanoseconds in kernels
  std::uint64_t bytes_in = 0, bytes_out = 0;
  auto fields() { return std::tie(sent, here, kernel, calls_done, memory, load, busy, bytes_in, bytes_out); }
};

// Whole lines that a kernel printed.
struct Output {
  std::string text;
  auto fields() { return std::tie(text); }
};

// A plugin, ahead of a rank's first call of it.
struct Plugin {
  std::uint32_t image = 0;
  std::string name;      // its stem
  std::string path;      // on the master's node
  std::string digest;    // SHA-256 of the object's bytes; of a program's own table: its fingerprint
  std::string identity;  // what it is kept as: the digest, or the key of a source
  std::string source;    // SHA-256 of the preprocessed text; empty for a built object
  std::string cpu;       // that a source was compiled for: others compile it themselves
  bool self = false;     // the kernels are in the program itself
  auto fields() { return std::tie(image, name, path, digest, identity, source, cpu, self); }
};
enum class Wanted : std::uint8_t { kObject, kSource };
struct PluginBytes {
  std::uint32_t image = 0;
  Wanted what = Wanted::kObject;
  std::string bytes;
  auto fields() { return std::tie(image, what, bytes); }
};
struct PluginReady {
  std::uint32_t image = 0;
  auto fields() { return std::tie(image); }
};
struct PluginWanted {
  std::uint32_t image = 0;
  Wanted what = Wanted::kObject;
  auto fields() { return std::tie(image, what); }
};
struct PluginFailed {
  std::uint32_t image = 0;
  std::string message;
  auto fields() { return std::tie(image, message); }
};

// Shared data is to come, in pieces, from who says this: to node memory at `offset`, or (kNowhere) to memory of the rank's own. It passes the pieces on to `below`, and
// tells the master when it has all of them and they have left.
struct Share {
  std::uint64_t object = 0, offset = 0, bytes = 0;
  std::vector<std::int32_t> below;
  auto fields() { return std::tie(object, offset, bytes, below); }
};
// A ShareData's body begins with this, then the piece.
struct ShareData {
  std::uint64_t object, begin, bytes;
};
// kInMemory: where every rank of its node finds it; kOwn: for this rank alone; kNoRoom: neither here nor at `below`, to whom it was not passed on.
enum class ShareOutcome : std::uint8_t { kInMemory, kOwn, kNoRoom };
struct ShareDone {
  std::uint64_t object = 0;
  ShareOutcome outcome = ShareOutcome::kInMemory;
  std::vector<std::int32_t> below;
  auto fields() { return std::tie(object, outcome, below); }
};
struct Free {
  std::uint64_t object = 0;
  auto fields() { return std::tie(object); }
};

// A control frame's content. Its owner keeps `message`, which segments may lie in.
template <class Message>
Frame frame_of(Word word, std::uint64_t number, Message message) {
  struct Content {
    Message message;
    Encoder encoder;
  };
  auto content = std::make_shared<Content>(Content{std::move(message), {}});
  std::apply([&](const auto&... field) { (detail::encode(content->encoder, field), ...); }, content->message.fields());
  content->encoder.close();
  return {word, 1, number, &content->encoder, content};
}
// A word that says all.
inline Frame frame_of(Word word, std::uint64_t number) {
  auto encoder = std::make_shared<Encoder>();
  return {word, 1, number, encoder.get(), encoder};
}

// Fills `message`, large blocks when they arrive.
template <class Message>
void open(Decoder& in, Message& message) {
  std::apply([&](auto&... field) { (detail::decode(in, field), ...); }, message.fields());
  in.expect_end();
}

}  // namespace gluster::wire
