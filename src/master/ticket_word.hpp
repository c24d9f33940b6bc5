#pragma once
#include <cstdint>
#include <memory>

#include "base/tickets.hpp"
#include "master/engine.hpp"

namespace gluster::detail {

// A word of node memory that a map's indices are drawn from. Its room is given back when nobody has it any more: each call that may still draw does.
class TicketWord {
 public:
  // Null: there is no node memory, or no room in it.
  static std::shared_ptr<TicketWord> make(const std::shared_ptr<Engine>& engine);
  TicketWord(std::shared_ptr<Engine> engine, std::uint64_t object, std::uint64_t offset)
      : engine_(std::move(engine)), object_(object), offset_(offset) {}
  ~TicketWord() { engine_->release(object_); }
  TicketWord(const TicketWord&) = delete;

  // In node memory.
  std::uint64_t offset() const noexcept { return offset_; }
  // With the baton held.
  base::Tickets& tickets() const;
  // Calls `what(tickets)` with the baton held; not when the cluster has ended: then there is no memory, and nothing to draw.
  template <class F>
  base::Tickets::Range with(F&& what) const {
    return engine_->with([&](auto&) { return engine_->is_over() ? base::Tickets::Range() : what(tickets()); });
  }

 private:
  std::shared_ptr<Engine> engine_;
  std::uint64_t object_, offset_;
};

}  // namespace gluster::detail
