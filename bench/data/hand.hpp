// The baselines of `bench/run data`, all ranks' sides of them, by rank 0's orders.
#pragma once
#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "baselines/farm.hpp"
#include "kernels/items.hpp"
#include "stage.hpp"

namespace bench {

/// Of an item: by hand, and as a kernel.
struct Function {
  const char* kernel;
  std::int64_t (*call)(std::int64_t);
};
inline constexpr std::array kFunctions = {Function{"items.same", same}, Function{"items.spin", spin}, Function{"items.compute", compute},
                                          Function{"items.nap", nap}};
enum class Item : std::int64_t { kSame, kSpin, kCompute, kNap };
inline const Function& function_of(Item item) { return kFunctions[static_cast<std::size_t>(item)]; }

class Hand {
 public:
  explicit Hand(const Stage& stage) : stage_(&stage) {}
  Hand(const Hand&) = delete;

  /// Ranks other than 0.
  void follow(const Order& order);

  // The rest is rank 0's; each gives seconds.

  struct Farm {
    Item item;
    std::size_t chunk;
    baselines::Sent sent;
  };
  /// `values` is made meanwhile, of new memory.
  double farm_out(const Farm& farm, std::span<const std::int64_t> items, std::vector<std::int64_t>& values);

 private:
  const Stage* stage_;
};

}  // namespace bench
