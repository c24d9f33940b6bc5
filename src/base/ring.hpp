#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gluster::base {

// A queue of messages of `kBytes` at most in memory that two processes map: one writes, the other reads, in order and without a lock.
//
// A slot's number says what lies in it: message m (from 0 on) is there as soon as slot m % kSlots has the number m + 1. So whoever reads looks at
// one cache line, the one that the message begins in; a message of 56 bytes is no more than that line. How much has been read is told a quarter of the ring at a
// time. A fresh ring is all zeros.
template <std::size_t kBytes, std::size_t kSlots>
class Ring {
  struct alignas(64) Slot {
    std::atomic<std::uint32_t> number;
    std::uint32_t bytes;
    std::byte data[kBytes];
  };

 public:
  class Writer {
   public:
    Writer() = default;
    explicit Writer(Ring& ring) : ring_(&ring) {}
    // Where the next message goes; null while the ring is full.
    std::byte* place() noexcept {
      if (written_ - read_ == kSlots) read_ = ring_->read_.load(std::memory_order_acquire);
      return written_ - read_ == kSlots ? nullptr : slot().data;
    }
    // So many bytes lie in place() now. What is read after this is read after it by every thread (seq_cst), as a Bell wants it.
    void publish(std::size_t bytes) noexcept {
      Slot& here = slot();
      here.bytes = static_cast<std::uint32_t>(bytes);
      here.number.store(++written_);
    }

   private:
    Slot& slot() const noexcept { return ring_->slots_[written_ % kSlots]; }

    Ring* ring_ = nullptr;
    std::uint32_t written_ = 0;  // messages; wraps around, as all counts here
    std::uint32_t read_ = 0;     // as far as is known
  };

  class Reader {
   public:
    Reader() = default;
    explicit Reader(Ring& ring) : ring_(&ring) {}
    // Any thread.
    bool has_message() const noexcept {
      std::uint32_t next = read_.load(std::memory_order_relaxed);
      return ring_->slots_[next % kSlots].number.load() == next + 1;
    }
    // The next message, which has_message().
    std::span<const std::byte> message() const noexcept {
      const Slot& slot = ring_->slots_[read_.load(std::memory_order_relaxed) % kSlots];
      return {slot.data, std::min<std::size_t>(slot.bytes, kBytes)};
    }
    // It has been read, and its place may be used again.
    void pop() noexcept {
      std::uint32_t read = read_.load(std::memory_order_relaxed) + 1;
      read_.store(read, std::memory_order_relaxed);
      if (read % (kSlots / 4) == 0) ring_->read_.store(read, std::memory_order_release);
    }

   private:
    Ring* ring_ = nullptr;
    std::atomic<std::uint32_t> read_ = 0;  // messages
  };

 private:
  static_assert(kSlots >= 4 && (kSlots & (kSlots - 1)) == 0, "counts wrap around");

  alignas(64) std::atomic<std::uint32_t> read_;
  Slot slots_[kSlots];
};

}  // namespace gluster::base
