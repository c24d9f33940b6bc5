// Node memory, as the Engine gives it out and takes it back.
#include "base/host.hpp"
#include "base/pages.hpp"
#include "master/engine.hpp"

namespace gluster {

master::Shares::Reserved Engine::reserve(std::uint64_t bytes) {
  auto try_once = [&] {
    return with([&](auto& dispatcher) {
      take_inbox();
      return dispatcher.shares().reserve(bytes);
    });
  };
  master::Shares::Reserved reserved = try_once();
  if (reserved.offset != kNowhere || !with([](auto& dispatcher) { return dispatcher.shares().are_leaving(); })) return reserved;
  wait_until(Clock::time_point::max(), [&] { return !dispatcher_.shares().are_leaving(); });
  with([&](auto& dispatcher) { dispatcher.shares().release(reserved.object); });
  return try_once();
}

master::Shares::Loan Engine::lend(std::uint64_t bytes, std::uint64_t of_call) {
  constexpr std::uint64_t kWorthWaiting = std::uint64_t{1} << 20;
  constexpr std::chrono::microseconds kPatience{1000};
  if (!try_lock_baton(bytes < kWorthWaiting ? std::chrono::microseconds(0) : kPatience)) return {};
  master::Shares::Loan loan;
  {
    std::lock_guard lock(*baton_, std::adopt_lock);
    if (!link_) return {};
    dispatcher_.begin_turn();
    take_released();
    loan = dispatcher_.lend(bytes, of_call);
  }
  if (loan.fresh == 0 || (base::has_room_for(loan.fresh) && base::reserve_shared_pages(memory_.data() + loan.offset, loan.fresh))) return loan;
  with([&](auto& dispatcher) { dispatcher.shares().lend_no_more(loan.object); });
  release(loan.object);
  return {};
}

void Engine::release(std::uint64_t object) {
  if (over_.load()) return;
  std::lock_guard lock(inbox_mutex_);
  if (over_.load()) return;
  released_.push_back(object);
  inbox_full_.store(true);
}

void Engine::take_released() {
  std::vector<std::uint64_t> released;
  {
    std::lock_guard lock(inbox_mutex_);
    released.swap(released_);
  }
  if (link_)
    for (std::uint64_t object : released) dispatcher_.shares().release(object);
}

// What calls were lent, and where their messages' parcels lay, has lain idle: its pages go back to the system, of all processes.
void Engine::trim_node_memory() {
  with([&](auto&) {
    if (link_) link_->trim();
  });
  if (!may_lend()) return;
  const auto idle = with([&](auto& dispatcher) {
    take_released();
    return link_ ? dispatcher.shares().begin_trim() : master::Shares::Idle();
  });
  if (idle.bytes == 0) return;
  base::drop_shared_pages(memory_.subspan(idle.offset, idle.bytes));
  with([&](auto& dispatcher) { dispatcher.shares().end_trim(idle); });
}

}  // namespace gluster
