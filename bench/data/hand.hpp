// The baselines of `bench/run data`, all ranks' sides of them, by rank 0's orders.
#pragma once
#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "baselines/farm.hpp"
#include "baselines/scattered_product.hpp"
#include "baselines/shared_product.hpp"
#include "kernels/data.hpp"
#include "matmul.hpp"
#include "stage.hpp"

namespace bench {

/// One function by hand and as a kernel.
template <class F>
struct Function {
  const char* kernel;
  F* by_hand;
};

using ItemFunction = std::int64_t(std::int64_t);
enum class Item : std::int64_t { kSame, kSpin, kCompute, kNap };
inline constexpr Function<ItemFunction> kItems[] = {{"data.same", same}, {"data.spin", spin}, {"data.compute", compute}, {"data.nap", nap}};
inline const auto& function_of(Item item) { return kItems[static_cast<std::size_t>(item)]; }

using UseFunction = double(std::span<const double>);
enum class Use : std::int64_t { kLast, kSum };
inline constexpr Function<UseFunction> kUses[] = {{"data.last", last}, {"data.sum", sum}};
inline const auto& function_of(Use use) { return kUses[static_cast<std::size_t>(use)]; }

using ProductFunction = void(double*, const double*, const double*, std::int64_t, std::int64_t);
enum class Product : std::int64_t { kMultiply, kBlas };
inline constexpr Function<ProductFunction> kProducts[] = {{"matmul.multiply_into", multiply_into}, {"matmul_blas.multiply_into", multiply_blas_into}};
inline const auto& function_of(Product product) { return kProducts[static_cast<std::size_t>(product)]; }

/// Made by every rank of a stage at once.
class Hand {
 public:
  explicit Hand(const Stage& stage);
  Hand(const Hand&) = delete;

  /// Ranks other than 0.
  void follow(const Order& order);

  // The rest is rank 0's. Each but the makers gives seconds.

  struct Farm {
    Item item;
    std::size_t chunk;
    baselines::Sent sent;
  };
  /// `values` is made meanwhile, as a map makes its own.
  double farm_out(const Farm& farm, std::span<const std::int64_t> items, std::vector<std::int64_t>& values);

  struct Broadcast {
    Use use;
    bool to_one = false;    ///< rank 1 alone
    bool is_fresh = false;  ///< into new memory, and not where the last one went
  };
  /// Throws std::runtime_error when a rank has found something else than rank 0 does.
  double broadcast(const Broadcast& broadcast, std::span<double> data);
  /// What broadcasts went to, on every rank: given back.
  void drop_buffers();

  /// For matrices of n x n. 0 gives all back, and must be the last.
  void make_products(std::int64_t n);
  baselines::ScatteredProduct<double>& scattered() { return *scattered_; }
  baselines::SharedProduct<double>& shared() { return *shared_; }
  double multiply_scattered(Product product);
  double multiply_shared(Product product);

  /// Every rank's, in order; all of this host where the part is for one host.
  const std::vector<std::int64_t>& processes() const { return processes_; }

 private:
  void take_broadcast(const Order& order);
  void hold_products(std::int64_t n);
  template <class F>
  double seconds_together(F&& what);

  const Stage* stage_;
  MPI_Comm pair_ = MPI_COMM_NULL;  // ranks 0 and 1; MPI_Finalize frees it
  std::vector<std::int64_t> processes_;
  std::vector<double> buffer_;  // kept from one broadcast to the next: it is warm
  std::optional<baselines::ScatteredProduct<double>> scattered_;
  std::optional<baselines::SharedProduct<double>> shared_;
};

}  // namespace bench
