#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <utility>

namespace gluster {

/// Bytes that grow, not zero-filled; the first few need no allocation.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept { *this = std::move(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    if (this == &other) return *this;
    if (data_ != first_) std::free(data_);
    data_ = other.data_ == other.first_ ? first_ : other.data_;
    if (data_ == first_) std::memcpy(first_, other.first_, other.size_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, sizeof first_);
    other.data_ = other.first_;
    return *this;
  }
  ~Bytes() {
    if (data_ != first_) std::free(data_);
  }

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  operator std::span<const std::byte>() const noexcept { return {data_, size_}; }
  void clear() noexcept { size_ = 0; }
  void shrink(std::size_t size) noexcept { size_ = size; }
  std::byte* at(std::size_t place) noexcept { return data_ + place; }

  /// `bytes` more, indeterminate; the address holds until the next call.
  std::byte* extend(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return data_ + std::exchange(size_, size_ + bytes);
  }
  void append(const void* data, std::size_t bytes) {
    if (bytes != 0) std::memcpy(extend(bytes), data, bytes);
  }

 private:
  void grow(std::size_t bytes) {
    if (bytes > std::numeric_limits<std::size_t>::max() / 4) throw std::bad_alloc();
    std::size_t capacity = std::max(2 * capacity_, size_ + bytes);
    void* larger = std::realloc(data_ == first_ ? nullptr : data_, capacity);
    if (larger == nullptr) throw std::bad_alloc();
    if (data_ == first_) std::memcpy(larger, first_, size_);
    data_ = static_cast<std::byte*>(larger);
    capacity_ = capacity;
  }

  std::byte* data_ = first_;
  std::size_t size_ = 0;
  std::size_t capacity_ = sizeof first_;
  alignas(16) std::byte first_[128];
};

}  // namespace gluster
