#include "mpi/stream.hpp"

#include <algorithm>
#include <cstring>

#include <gluster/codec.hpp>

namespace gluster::mpi {

bool Stream::Writer::open() {
  if (is_there_) return true;
  if (room_.empty() || is_refused_) return false;
  is_there_ = reserve_(room_.data(), room_.size());
  is_refused_ = !is_there_;
  return is_there_;
}

std::size_t Stream::Writer::write(const void* data, std::size_t bytes) {
  std::uint64_t written = counts_->written.load(std::memory_order_relaxed);
  std::size_t done = 0;
  while (done < bytes) {
    const std::size_t free = room_.size() - static_cast<std::size_t>(written - counts_->read.load(std::memory_order_acquire));
    const std::size_t at = written % room_.size();
    const std::size_t step = std::min({bytes - done, kStep, free, room_.size() - at});
    if (step == 0) break;
    std::memcpy(room_.data() + at, static_cast<const std::byte*>(data) + done, step);
    done += step;
    written += step;
    counts_->written.store(written, std::memory_order_release);
  }
  return done;
}

void Stream::Writer::trim() {
  is_refused_ = false;
  if (!is_there_ || !is_empty()) return;
  base::drop_shared_pages(room_);
  is_there_ = false;
}

std::size_t Stream::Reader::read(void* to, std::size_t bytes) {
  std::uint64_t read = counts_->read.load(std::memory_order_relaxed);
  std::size_t done = 0;
  while (done < bytes) {
    const std::size_t there = static_cast<std::size_t>(counts_->written.load(std::memory_order_acquire) - read);
    const std::size_t at = read % room_.size();
    const std::size_t step = std::min({bytes - done, kStep, there, room_.size() - at});
    if (step == 0) break;
    if (to != nullptr) std::memcpy(static_cast<std::byte*>(to) + done, room_.data() + at, step);
    done += step;
    read += step;
    counts_->read.store(read, std::memory_order_release);
  }
  return done;
}

bool Stream::Part::has_begun() {
  has_size_ += reader_->read(reinterpret_cast<std::byte*>(&left_) + has_size_, sizeof left_ - has_size_);
  return has_size_ == sizeof left_;
}

std::size_t Stream::Part::read(void* to, std::size_t bytes) {
  if (bytes > left_) Decoder::malformed("a piece beyond its part of a stream");
  const std::size_t done = reader_->read(to, bytes);
  left_ -= done;
  return done;
}

std::size_t Stream::Part::pass_over() {
  const std::size_t done = reader_->read(nullptr, left_);
  left_ -= done;
  return done;
}

}  // namespace gluster::mpi
