#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/pages.hpp"

namespace gluster::mpi {

// What is too large for a parcel: bytes that go one behind the other through a ring in node memory, as many at a time as it has room for; one process writes and another
// reads. MPI's shared memory does the same, but does not say whether it has moved anything, so nobody knows whether to wait or to sleep. Without a lock.
//
class Stream {
 public:
  // In memory that both processes have, zeros at first.
  struct Counts {
    alignas(64) std::atomic<std::uint64_t> written;
    alignas(64) std::atomic<std::uint64_t> read;
  };
  static constexpr std::size_t kStep = std::size_t{64} << 10;  // bytes: as much is moved before the other side may know

  class Writer {
   public:
    Writer() = default;
    // Whether pages can be had: base::reserve_shared_pages.
    using Reserve = bool (*)(std::byte* data, std::size_t bytes);
    // `room` begins at a page and is only promised.
    Writer(Counts& counts, std::span<std::byte> room, Reserve reserve = base::reserve_shared_pages)
        : counts_(&counts), room_(room), reserve_(reserve) {}

    // False where there is no memory for it: then nothing may be written. It is not asked for again until the next trim.
    bool open();
    // Of `bytes` as many as there is room for; how many it were.
    std::size_t write(const void* data, std::size_t bytes);
    // All that was written has been read.
    bool is_empty() const noexcept {
      return !is_there_ || counts_->written.load(std::memory_order_relaxed) == counts_->read.load(std::memory_order_acquire);
    }
    // Gives the pages back to the system, unless something lies there: for all processes.
    void trim();

   private:
    Counts* counts_ = nullptr;
    std::span<std::byte> room_;
    Reserve reserve_ = nullptr;
    bool is_there_ = false, is_refused_ = false;
  };

  class Reader {
   public:
    Reader() = default;
    Reader(Counts& counts, std::span<const std::byte> room) : counts_(&counts), room_(room) {}
    // Copies what comes next to `to`, as far as it is there, and `bytes` at most; how many it were. `to` null: they are passed over.
    std::size_t read(void* to, std::size_t bytes);
    bool is_possible() const noexcept { return !room_.empty(); }

   private:
    Counts* counts_ = nullptr;
    std::span<const std::byte> room_;
  };

  // Some bytes of the stream that belong together: ahead of them is how many they are, so what is refused can be passed over. One is read, or passed over, to its end before the next.
  class Part {
   public:
    using Size = std::uint64_t;
    explicit Part(Reader& reader) : reader_(&reader) {}
    // As Reader::read, once it has begun. Throws DataError where the part has not so many.
    std::size_t read(void* to, std::size_t bytes);
    // Its size is here. To be asked of the part that is next only, and before what follows is asked for.
    bool has_begun();
    // No more than so much is to come.
    std::size_t most_left() const noexcept { return has_size_ == sizeof(Size) ? left_ : SIZE_MAX; }
    // What is there of the rest, unread; how many bytes it were.
    std::size_t pass_over();
    bool is_over() const noexcept { return has_size_ == sizeof(Size) && left_ == 0; }

   private:
    Reader* reader_;
    std::size_t has_size_ = 0;  // bytes of it
    Size left_ = 0;
  };
};

}  // namespace gluster::mpi
