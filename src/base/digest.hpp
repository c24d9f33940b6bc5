#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gluster::base {

// SHA-256 in lower-case hexadecimal.
std::string sha256(std::span<const char> bytes);

// The same of bytes that come one after the other.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  void add(std::span<const std::byte> bytes);
  // Of all so far; nothing is added after it.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gluster::base
