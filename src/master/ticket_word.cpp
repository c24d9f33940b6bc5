#include "master/ticket_word.hpp"

#include <new>

#include "base/pages.hpp"

namespace gluster::detail {

std::shared_ptr<TicketWord> TicketWord::make(const std::shared_ptr<Engine>& engine) {
  if (engine->memory().empty()) return nullptr;
  return engine->with([&](auto& dispatcher) -> std::shared_ptr<TicketWord> {
    if (engine->is_over()) return nullptr;
    master::Shares& shares = dispatcher.shares();
    master::Shares::Reserved reserved = shares.reserve(sizeof(base::Tickets));
    if (reserved.offset == kNowhere) return shares.release(reserved.object), nullptr;
    std::byte* place = engine->memory().data() + reserved.offset;
    if (reserved.touched < sizeof(base::Tickets) && !base::reserve_pages(place, sizeof(base::Tickets))) {
      shares.leave_memory(reserved.object);
      return shares.release(reserved.object), nullptr;
    }
    new (place) base::Tickets;
    return std::make_shared<TicketWord>(engine, reserved.object, reserved.offset);
  });
}

base::Tickets& TicketWord::tickets() const { return *std::launder(reinterpret_cast<base::Tickets*>(engine_->memory().data() + offset_)); }

}  // namespace gluster::detail
