#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include <gluster/shared.hpp>

namespace gluster::master {

// What lies where in the master's memory: shared arrays, and the outputs of calls that have not ended. Thread-safe.
class Places {
 public:
  using Bytes = std::span<const std::byte>;

  void add(Bytes bytes, const detail::SharedState& state);
  void remove(Bytes bytes);
  // What an output there is called, and the array that it lies in, if any; throws UsageError where it touches a sealed array, and when another call writes there.
  struct Claim {
    SharedRef ref;
    std::shared_ptr<const detail::SharedState> array;
  };
  Claim claim(Bytes output);
  // Throws UsageError when an output there is under way.
  void expect_no_output(Bytes bytes);
  void release(Bytes output);

 private:
  struct Array {
    std::size_t bytes;
    const detail::SharedState* state;
  };

  bool is_written(Bytes bytes) const;

  std::mutex mutex_;
  std::map<const std::byte*, Array> arrays_;
  std::map<const std::byte*, std::size_t> outputs_;
};

}  // namespace gluster::master
