#include "data/hand.hpp"

namespace bench {
namespace {

enum Act : int {
  kFarm,  // first: Item; second: items a chunk; times: Sent
};

}  // namespace

void Hand::follow(const Order& order) {
  switch (order.act) {
    case kFarm: {
      const Function& function = function_of(static_cast<Item>(order.first));
      MPI_Barrier(stage_->comm());
      return baselines::work_off(stage_->comm(), function.call, static_cast<std::size_t>(order.second), static_cast<baselines::Sent>(order.times));
    }
    default: return;
  }
}

double Hand::farm_out(const Farm& farm, std::span<const std::int64_t> items, std::vector<std::int64_t>& values) {
  const auto number = [](auto of) { return static_cast<std::int64_t>(of); };
  stage_->order({.act = kFarm, .first = number(farm.item), .second = number(farm.chunk), .times = number(farm.sent)});
  MPI_Barrier(stage_->comm());
  return seconds_of([&] {
    values = std::vector<std::int64_t>(items.size());
    baselines::farm_out(stage_->comm(), items, values, farm.chunk, farm.sent);
  });
}

}  // namespace bench
