// What comes in, with the baton held.
#include <algorithm>

#include <fmt/format.h>

#include "base/host.hpp"
#include "plugin/batch.hpp"
#include "plugin/executor.hpp"
#include "runner/runner.hpp"

namespace gluster::runner {

using wire::Word;

void Runner::opened(wire::Incoming& frame) {
  switch (frame.head.word) {
    case Word::kCall:
    case Word::kBatch: return open_call(frame);
    case Word::kPing: return answer_ping(frame);
    case Word::kCancel: return cancel(frame.head.number);
    case Word::kStop: stopped_ = true; return;
    case Word::kShareData: return parts_.operands->open(frame);
    case Word::kShare: {
      wire::Share share;
      wire::open(frame.in, share);
      return parts_.operands->expect(share, {parts_.link, parts_.master, [this] { return own_number(); }});
    }
    case Word::kFree: {
      wire::Free free;
      wire::open(frame.in, free);
      return parts_.operands->forget(free.object);
    }
    case Word::kPlugin: {
      auto plugin = std::make_shared<wire::Plugin>();
      wire::open(frame.in, *plugin);
      frame.target = std::move(plugin);
      return;
    }
    case Word::kPluginBytes: {
      auto bytes = std::make_shared<wire::PluginBytes>();
      wire::open(frame.in, *bytes);
      frame.target = std::move(bytes);
      return;
    }
    default: throw DataError(fmt::format("the master said word {}, which a master does not say", static_cast<int>(frame.head.word)));
  }
}

void Runner::open_call(wire::Incoming& frame) {
  try {
    if (std::uint64_t bytes = frame.in.segment_bytes(); !base::has_room_for(bytes))
      throw UsageError(fmt::format("its arguments take {} MiB, and {} has {} MiB free: pass them in parts", bytes >> 20, parts_.hello.host,
                                   base::available_memory() >> 20));
    if (frame.head.word == Word::kBatch) open_batch(frame);
    else open_single(frame);
    if (frame.head.segments != 0) arriving_.insert(frame.head.number);
  } catch (const std::exception& why) {
    Encoder result;
    plugin::refuse(why, result);
    parts_.link->send(parts_.master, result_frame(frame.head, result));
    throw;
  } catch (...) {  // a type's own code
    Encoder result;
    plugin::refuse(UsageError("making its arguments threw something that is no std::exception"), result);
    parts_.link->send(parts_.master, result_frame(frame.head, result));
    throw DataError("arguments that could not be made");
  }
}

void Runner::open_single(wire::Incoming& frame) {
  Plugins::Found found = parts_.plugins->find(frame.in.get<wire::CallHead>());
  frame.in.arguments(found.kernel->signature().parameters.size(), parts_.operands);
  frame.kernel = found.name;
  frame.invocation = found.kernel->open(frame.in);
  frame.in.expect_end();
}

void Runner::open_batch(wire::Incoming& frame) {
  auto head = frame.in.get<wire::BatchHead>();
  Plugins::Found found = parts_.plugins->find(head.call);
  const Kernel* fold = head.fold == 0 ? nullptr : parts_.plugins->find({head.call.image, head.fold - 1}).kernel;
  frame.in.arguments(found.kernel->signature().parameters.size(), parts_.operands);
  frame.kernel = found.name;
  frame.invocation = plugin::open_batch(head, *found.kernel, fold, frame.in);
}

void Runner::arrived(std::unique_ptr<wire::Incoming>&& frame) {
  if (!frame->target && !frame->invocation) return;
  if (frame->head.word == Word::kShareData) return parts_.operands->arrived(*frame);
  if (frame->head.segments != 0) arriving_.erase(frame->head.number);
  if (!cancelled_.empty() && cancelled_.erase(frame->head.number) != 0) return drop(frame->head);
  ready_.push_back(std::move(frame));
}

// A call that has not started is dropped; the master counts on an answer to each.
void Runner::cancel(std::uint64_t number) {
  auto is_it = [&](const auto& frame) { return is_call(*frame) && frame->head.number == number; };
  {
    std::lock_guard lock(aside_.mutex);
    if (aside_.next && is_it(aside_.next)) ready_.push_front(std::move(aside_.next));
  }
  auto at = std::find_if(ready_.begin(), ready_.end(), is_it);
  if (at == ready_.end()) {
    if (arriving_.contains(number)) cancelled_.insert(number);
    return;  // else it runs, or its result is on its way
  }
  drop((*at)->head);
  ready_.erase(at);
}

void Runner::drop(const wire::Head& call) {
  Encoder result;
  plugin::drop(result);
  parts_.link->send(parts_.master, result_frame(call, result));
}

void Runner::answer_ping(wire::Incoming& frame) {
  wire::Ping ping;
  wire::open(frame.in, ping);
  wire::Counters::Seen seen = counters_.look(now());
  wire::Pong pong{ping.sent, now(),         seen.kernel,   seen.calls_done, base::resident_memory(), base::load_average(),
                  seen.busy, seen.bytes_in, seen.bytes_out};
  parts_.link->send(parts_.master, wire::frame_of(Word::kPong, frame.head.number, pong));
}

}  // namespace gluster::runner
