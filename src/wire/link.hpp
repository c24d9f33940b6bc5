#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gluster/codec.hpp>
#include <gluster/plugin.hpp>

#include "wire/counters.hpp"
#include "wire/frame.hpp"

// How frames travel between one rank and the others.
//
// Everything here is called by whoever holds the baton, and nothing here blocks. Between two ranks frames are opened in the
// order they were sent; segments may make a later frame arrive before an earlier one.
namespace gluster::wire {

// A frame on its way in.
class Incoming {
 public:
  int rank = -1;
  Head head{};
  Decoder in;
  // What `opened` wants to find again in `arrived`: of a Call, the kernel and its arguments; of another word, whatever it likes.
  std::unique_ptr<Invocation> invocation;
  const std::string* kernel = nullptr;
  std::shared_ptr<void> target;

  // `body` is aligned to 16 and lies in `holder`. Throws DataError.
  void start(int from, const Head& its_head, std::span<const std::byte> body, std::shared_ptr<const void> holder) {
    rank = from;
    head = its_head;
    holder_ = std::move(holder);
    in.start(body, its_head.segments);
  }
  void clear() noexcept {
    invocation.reset();
    target.reset();
    in.clear();
    holder_.reset();
  }

 private:
  std::shared_ptr<const void> holder_;
};

// Who is told of what comes in.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // The body is here: decode it, so that frame.in.places says where the segments go. With fewer places than segments (and
  // when this throws a gluster::Error or bad_alloc) the segments are received and thrown away, and `arrived` is not called.
  virtual void opened(Incoming& frame) = 0;
  // All of it is here. Takes the frame only if it is to be kept.
  virtual void arrived(std::unique_ptr<Incoming>&& frame) = 0;
  // A frame that was not small has been sent; its memory is no longer read.
  virtual void left(int rank, const Frame& frame) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  // It goes out at the latest with the next `flush` or `poll`. Of a small frame nothing is needed any more when this returns; any other has an owner.
  virtual void send(int rank, Frame frame) = 0;
  virtual void flush() = 0;
  // Frames for `rank` that wait for the next flush.
  virtual std::size_t gathered(int rank) const = 0;
  // Moves everything on once; true when something moved.
  virtual bool poll(Receiver& receiver) = 0;
  // True while large data is on its way in or out: then it pays to poll without sleeping.
  virtual bool busy() const = 0;
  // Gives back memory that nothing lies in.
  virtual void trim() {}
  // True when all that was sent has left.
  virtual bool drained() const = 0;

  // Without the baton, on any thread:
  // Nothing has come, and nothing waits to leave: a poll would do nothing. False where that cannot be told.
  virtual bool is_still() const { return false; }
  // Sleeps until something may have come, `ready(context)` (where there is one), or a wake(), and at most for so long. This one is told of nothing that comes.
  virtual void rest(std::chrono::microseconds most, bool (*ready)(void*) = nullptr, void* context = nullptr) {
    if (ready == nullptr || !ready(context)) std::this_thread::sleep_for(most);
  }
  // Ends every rest.
  virtual void wake() {}
  // How long nobody should rest beyond: about 1 % of a core, and less than a millisecond until the first message after a rest is seen.
  virtual std::chrono::microseconds longest_rest() const { return std::chrono::microseconds(800); }

  // What this rank tells of itself, and what the runner at `rank` does: null where that must be asked. Both are there as long as the link is.
  virtual Counters& counters() { return counters_; }
  virtual const Counters* counters_of(int /*rank*/) const { return nullptr; }

  // A frame that was kept and is no longer needed: its memory is used again.
  void recycle(std::unique_ptr<Incoming> frame) {
    frame->clear();
    if (spare_.size() < kMostSpare) spare_.push_back(std::move(frame));
  }

 protected:
  std::unique_ptr<Incoming> fresh() {
    if (spare_.empty()) return std::make_unique<Incoming>();
    auto frame = std::move(spare_.back());
    spare_.pop_back();
    return frame;
  }

 private:
  static constexpr std::size_t kMostSpare = 64;
  std::vector<std::unique_ptr<Incoming>> spare_;
  Counters counters_;
};

}  // namespace gluster::wire
