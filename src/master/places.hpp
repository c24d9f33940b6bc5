#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
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
  // What an output there is called; throws UsageError in a sealed array, and when another call writes there.
  SharedRef claim(Bytes output);
  void release(Bytes output);

 private:
  struct Array {
    std::size_t bytes;
    const detail::SharedState* state;
  };

  std::mutex mutex_;
  std::map<const std::byte*, Array> arrays_;
  std::map<const std::byte*, std::size_t> outputs_;
};

}  // namespace gluster::master
