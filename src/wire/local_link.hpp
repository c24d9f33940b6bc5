#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/bell.hpp"
#include "wire/link.hpp"

namespace gluster::wire {

// The two ends of a link inside one process: what a program started alone runs on. Each end belongs to one thread at a time.
class LocalLink final : public Link {
 public:
  // Each end's peer has the rank that is given for it.
  static std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> pair(int rank_of_first, int rank_of_second);
  // The same; what the first end sends is read where it lies, and has left when the second end is done with it.
  static std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> lending_pair(int rank_of_first, int rank_of_second);

  void send(int rank, Frame frame) override;
  void flush() override {}
  std::size_t gathered(int) const override { return 0; }
  bool poll(Receiver& receiver) override;
  bool busy() const override { return false; }
  bool drained() const override { return out_->frames.empty(); }
  bool is_still() const override { return in_->frames.empty() && out_->read.empty(); }
  void rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) override;
  void wake() override { in_->bell.ring(); }
  std::chrono::microseconds longest_rest() const override { return std::chrono::milliseconds(100); }
  Counters& counters() override { return in_->counters; }
  const Counters* counters_of(int) const override { return &out_->counters; }

 private:
  // Who only looks takes no lock: two threads that did would put each other to sleep.
  class Queue {
   public:
    bool empty() const noexcept { return !has_some_.load(); }
    void push(Frame frame) {
      std::lock_guard lock(mutex_);
      frames_.push_back(std::move(frame));
      has_some_.store(true);
    }
    std::deque<Frame> take_all() {
      if (empty()) return {};
      std::lock_guard lock(mutex_);
      has_some_.store(false);
      return std::exchange(frames_, {});
    }

   private:
    std::atomic<bool> has_some_ = false;
    std::mutex mutex_;
    std::deque<Frame> frames_;
  };
  struct Mailbox {
    Queue frames;       // not taken yet
    Queue read;         // no longer read; back to who sent them
    base::Bell bell;    // of who reads here
    Counters counters;  // likewise
  };

  // A frame that its sender waits for.
  struct Lent;

  LocalLink(int peer, std::shared_ptr<Mailbox> in, std::shared_ptr<Mailbox> out, bool borrows)
      : peer_(peer), borrows_(borrows), in_(std::move(in)), out_(std::move(out)) {}
  static std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> make(int rank_of_first, int rank_of_second, bool lends);
  void take(Frame frame, Receiver& receiver);

  int peer_;
  bool borrows_;
  std::shared_ptr<Mailbox> in_, out_;
};

}  // namespace gluster::wire
