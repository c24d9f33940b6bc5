#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "base/pages.hpp"

namespace gluster::mpi {

// What is too large for a mailbox and lies beside it: room in node memory that one process writes and another reads; messages name what belongs to them. MPI's shared
// memory carries a few pieces of 32 KiB, and more when the other side has looked; a parcel is written whether or not anybody looks, and may be read meanwhile. Without a lock.
class Parcels {
 public:
  // A parcel, as messages name it; 0 is none.
  using Name = std::uint32_t;

 private:
  // At a parcel's beginning.
  struct alignas(64) Label {
    std::atomic<std::uint64_t> written;  // bytes that are there; kTaken: and nobody needs them any more
  };
  static constexpr std::uint64_t kTaken = ~std::uint64_t{0};

 public:
  static constexpr std::size_t kStep = std::size_t{64} << 10;  // bytes: as much is written before it may be read

  class Writer {
   public:
    Writer() = default;
    // Whether pages can be had: base::reserve_shared_pages.
    using Reserve = bool (*)(std::byte* data, std::size_t bytes);
    // `room` begins at a page and is only promised.
    explicit Writer(std::span<std::byte> room, Reserve reserve = base::reserve_shared_pages) : room_(room), reserve_(reserve) {}

    // A new parcel, of so many bytes, becomes the one that is written, under this name: `write` all of them before the next one. Unset: there is no room now.
    std::optional<Name> begin(std::size_t bytes);
    // What comes next in it.
    void write(const void* data, std::size_t bytes);
    // Gives the pages back to the system, unless something lies there: for all processes.
    void trim();

   private:
    struct Extent {
      std::size_t begin, end;
    };
    std::optional<std::size_t> find(std::size_t bytes) const;
    bool have_pages(std::size_t end);
    void forget_what_was_taken();
    Label& label_at(std::size_t place) const { return *reinterpret_cast<Label*>(room_.data() + place); }

    std::span<std::byte> room_;
    Reserve reserve_ = nullptr;
    std::size_t most_ = room_.size();  // bytes from the beginning on: as many pages as could be had
    std::deque<Extent> under_way_;     // in order; the last one is being written
    std::size_t written_ = 0;          // bytes of that
    std::size_t pages_there_ = 0;      // bytes from the beginning on
  };

  // One that has come, or is coming: who needs no more of it lets it go. Its place is used again then.
  class Incoming {
   public:
    Incoming(Label& label, std::span<const std::byte> bytes) : label_(&label), bytes_(bytes) {}
    Incoming(Incoming&& other) noexcept : label_(other.label_), bytes_(other.bytes_), read_(other.read_) { other.label_ = nullptr; }
    Incoming& operator=(Incoming&&) = delete;
    ~Incoming() {
      if (label_ != nullptr) label_->written.store(kTaken, std::memory_order_release);
    }
    // Copies what comes next to `to`, as far as it is there, and `bytes` at most; how many it were.
    std::size_t read(void* to, std::size_t bytes);
    // No more than so much is to come.
    std::size_t most_left() const noexcept { return bytes_.size() - read_; }

   private:
    Label* label_;
    std::span<const std::byte> bytes_;
    std::size_t read_ = 0;
  };

  class Reader {
   public:
    Reader() = default;
    explicit Reader(std::span<std::byte> room) : room_(room) {}
    // Throws DataError for what is no name here.
    Incoming open(Name name) const;

   private:
    std::span<std::byte> room_;
  };
};

}  // namespace gluster::mpi
