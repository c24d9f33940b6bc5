#include "data/hand.hpp"

#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "baselines/broadcast.hpp"

namespace bench {
namespace {

enum Act : int {
  kFarm,       // first: Item; second: items a chunk; times: Sent
  kBroadcast,  // first: elements; second: Use; times: 0 to all, 1 to one, 2 to all into new memory, 3 to one into new memory
  kDropBuffers,
  kMakeProducts,  // first: n
  kScattered,     // first: Product
  kShared,        // first: Product
};

template <class T>
std::int64_t number(T of) {
  return static_cast<std::int64_t>(of);
}

}  // namespace

Hand::Hand(const Stage& stage) : stage_(&stage), processes_(static_cast<std::size_t>(stage.workers()) + 1) {
  const std::int64_t self = ::getpid();
  MPI_Allgather(&self, 1, MPI_INT64_T, processes_.data(), 1, MPI_INT64_T, stage.comm());
  MPI_Comm_split(stage.comm(), stage.rank() < 2 ? 0 : MPI_UNDEFINED, stage.rank(), &pair_);
}

void Hand::follow(const Order& order) {
  MPI_Comm comm = stage_->comm();
  switch (order.act) {
    case kFarm: {
      const auto& function = function_of(static_cast<Item>(order.first));
      MPI_Barrier(comm);
      return baselines::work_off(comm, function.by_hand, static_cast<std::size_t>(order.second), static_cast<baselines::Sent>(order.times));
    }
    case kBroadcast: return take_broadcast(order);
    case kDropBuffers: buffer_ = {}; return;
    case kMakeProducts: return hold_products(order.first);
    case kScattered: multiply_scattered(static_cast<Product>(order.first)); return;
    case kShared: multiply_shared(static_cast<Product>(order.first)); return;
    default: return;
  }
}

double Hand::farm_out(const Farm& farm, std::span<const std::int64_t> items, std::vector<std::int64_t>& values) {
  stage_->order({.act = kFarm, .first = number(farm.item), .second = number(farm.chunk), .times = number(farm.sent)});
  MPI_Barrier(stage_->comm());
  return seconds_of([&] {
    values = std::vector<std::int64_t>(items.size());
    baselines::farm_out(stage_->comm(), items, values, farm.chunk, farm.sent);
  });
}

// --- broadcasts ----------------------------------------------------------------------------------------------------

double Hand::broadcast(const Broadcast& broadcast, std::span<double> data) {
  const std::int64_t how = (broadcast.to_one ? 1 : 0) + (broadcast.is_fresh ? 2 : 0);
  stage_->order({.act = kBroadcast, .first = std::ssize(data), .second = number(broadcast.use), .times = how});
  MPI_Comm comm = broadcast.to_one ? pair_ : stage_->comm();
  const auto use = function_of(broadcast.use).by_hand;
  double found = 0;
  MPI_Barrier(comm);
  const double seconds = seconds_of([&] { found = baselines::broadcast(comm, data, use); });
  if (found != use(data) * (broadcast.to_one ? 1 : stage_->workers())) throw std::runtime_error("MPI_Bcast: a rank has got something else");
  return seconds;
}

void Hand::take_broadcast(const Order& order) {
  MPI_Comm comm = (order.times & 1) != 0 ? pair_ : stage_->comm();
  if (comm == MPI_COMM_NULL) return;
  const auto use = function_of(static_cast<Use>(order.second)).by_hand;
  const auto elements = static_cast<std::size_t>(order.first);
  if ((order.times & 2) != 0) {
    MPI_Barrier(comm);
    const auto fresh = std::make_unique_for_overwrite<double[]>(elements);
    baselines::broadcast(comm, {fresh.get(), elements}, use);
  } else {
    if (buffer_.size() != elements) buffer_ = std::vector<double>(elements, 1);
    MPI_Barrier(comm);
    baselines::broadcast(comm, buffer_, use);
  }
}

void Hand::drop_buffers() { stage_->order({.act = kDropBuffers}); }

// --- products ------------------------------------------------------------------------------------------------------

void Hand::make_products(std::int64_t n) {
  if (stage_->rank() == 0) stage_->order({.act = kMakeProducts, .first = n});
  hold_products(n);
}

void Hand::hold_products(std::int64_t n) {
  scattered_.reset();
  shared_.reset();
  if (n == 0) return;
  scattered_.emplace(stage_->comm(), n);
  shared_.emplace(stage_->comm(), n);
}

// By each rank's share of the cores; kernels in sessions may have had another number of threads.
template <class F>
double Hand::seconds_together(F&& what) {
  omp_set_num_threads(std::max(1, omp_get_num_procs() / (stage_->workers() + 1)));
  MPI_Barrier(stage_->comm());
  return seconds_of(what);
}

double Hand::multiply_scattered(Product product) {
  if (stage_->rank() == 0) stage_->order({.act = kScattered, .first = number(product)});
  return seconds_together([&] {
    scattered_->distribute();
    scattered_->compute(function_of(product).by_hand);
    scattered_->gather();
  });
}

double Hand::multiply_shared(Product product) {
  if (stage_->rank() == 0) stage_->order({.act = kShared, .first = number(product)});
  return seconds_together([&] { shared_->compute(function_of(product).by_hand); });
}

}  // namespace bench
