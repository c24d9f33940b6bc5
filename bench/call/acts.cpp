#include "call/acts.hpp"

#include <cstddef>
#include <span>

#include "baselines/master_worker.hpp"
#include "baselines/ping_pong.hpp"
#include "baselines/transfer.hpp"
#include "baselines/word_counts.hpp"

namespace bench {

void Hand::perform(const Order& order) {
  const auto first = static_cast<std::size_t>(order.first);
  const auto second = static_cast<std::size_t>(order.second);
  const auto repeat = [&](auto&& what) {
    for (std::int64_t i = 0; i < order.times; ++i) what();
  };
  const auto warm = [&]() -> std::span<double> {
    if (buffer_.size() != first) buffer_ = std::vector<double>(first, 1);
    return buffer_;
  };
  switch (order.act) {
    case kPong: {
      std::vector<std::byte> there(first);
      const std::vector<std::byte> back(second);
      return baselines::pong(comm_, 0, there, back, order.times);
    }
    case kWork: return baselines::work(comm_, first, second);
    case kAcceptWarm: return repeat([&, into = warm()] { baselines::accept_warm(comm_, 0, into); });
    case kAcceptFresh: return repeat([&] { baselines::accept_fresh(comm_, 0, first); });
    case kSupply: return repeat([&, data = warm()] { baselines::supply(comm_, 0, data); });
    case kSupplyCounts: {
      const baselines::Counts counts = baselines::some_counts(order.first);
      return repeat([&] { baselines::supply_counts(comm_, 0, counts); });
    }
    default: return;
  }
}

}  // namespace bench
