#include <gluster/map.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "master/arguments.hpp"
#include "master/chunk_sizer.hpp"
#include "master/engine.hpp"
#include "wire/message.hpp"

namespace gluster::detail {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;         // a chunk takes no more items beyond this
constexpr std::uint64_t kResultsAhead = std::uint64_t{64} << 20;  // bytes of results that nobody has taken
constexpr int kChunksPerWorker = 3;                               // one runs, one waits there, one waits here

}  // namespace

// --- a chunk ---------------------------------------------------------------------------------------------------------

void Chunk::open_value(Decoder& in) {
  std::size_t parts = folded ? 1 : count;
  open_items(parts);
  for (std::size_t item = 0; item < parts; ++item) {
    if (in.get<std::uint8_t>() == 0) {
      open_item(in, item);
      continue;
    }
    ItemFailure& failure = failures.emplace_back();
    failure.item = folded ? in.get<std::uint32_t>() : item;
    decode(in, failure.type);
    decode(in, failure.message);
  }
}

void Chunk::close() noexcept {
  error_ = error_now();
  if (error_) return;
  try {
    expect_value_now();
  } catch (...) {
    error_ = std::current_exception();
  }
  kept = nullptr;
}

std::exception_ptr Chunk::error_of(std::size_t item) const {
  if (error_) return error_;
  auto at =
      std::lower_bound(failures.begin(), failures.end(), item, [](const ItemFailure& failure, std::size_t wanted) { return failure.item < wanted; });
  if (folded ? failures.empty() : at == failures.end() || at->item != item) return nullptr;
  const ItemFailure& failure = folded ? failures.front() : *at;
  CallSite site{call.kernel->name, call.runner, call.on->host, call.attempt, static_cast<std::int64_t>(first + failure.item)};
  return std::make_exception_ptr(KernelError(fmt::format("item {}: {} on rank {} ({}), attempt {}, threw {}{}{}", site.item, site.kernel, site.rank,
                                                         site.host, site.attempt, failure.type, failure.message.empty() ? "" : ": ", failure.message),
                                             site, failure.type, failure.message));
}

// --- its items -------------------------------------------------------------------------------------------------------

void check_map(const KernelEntry& kernel, std::size_t own, std::span<const Argument> common, const Type& result) {
  const Signature& signature = *kernel.signature;
  if (own + common.size() != signature.parameters.size())
    throw UsageError(fmt::format("{}: an item gives {} argument{} and all items {} more, the kernel is {}", kernel.name, own, own == 1 ? "" : "s",
                                 common.size(), signature.text()));
  if (result.text != signature.result.text)
    throw UsageError(fmt::format("{}: the map expects {}, the kernel is {}", kernel.name, result.text, signature.text()));
}

bool may_send_indices(const KernelEntry& kernel, std::int64_t begin, std::int64_t end, std::span<const Argument> common) {
  if (begin >= end) return true;
  Encoder scratch;
  ChunkWriter writer(kernel, 0, 0, scratch);
  std::int64_t last = end - 1;
  writer.add(std::array{argument(&last)}, common);  // says what is wrong
  return scratch.segments.empty() && kernel.signature->parameters[0].scalar != Scalar::none;
}

void ChunkWriter::begin(std::span<const Argument> own, std::span<const Argument> common) {
  out_->put(wire::BatchHead{{kernel_->image, kernel_->number}, 0, wire::Items::kItems, 0, fold_, 0});
  for (const Argument& argument : own) out_->put(argument.kind);
  for (const Argument& argument : common) out_->put(argument.kind);
  note_objects(common);
}

void ChunkWriter::note_objects(std::span<const Argument> arguments) {
  for (const Argument& argument : arguments)
    if (argument.kind == ArgumentKind::shared) objects_.push_back(static_cast<const SharedRef*>(argument.value)->object);
}

void ChunkWriter::add(std::span<const Argument> own, std::span<const Argument> common) {
  if (count_ == 0) begin(own, common);
  master::encode_item(*kernel_, first_ + count_, own, common, *out_);
  ++count_;
  note_objects(own);
}

void ChunkWriter::add_indices(std::int64_t from, std::uint32_t count, std::span<const Argument> common) {
  std::array own{argument(&from)};
  begin(own, common);
  master::encode_item(*kernel_, first_, own, common, *out_);
  wire::BatchHead head{{kernel_->image, kernel_->number}, count, wire::Items::kIndices, from, fold_, 0};
  out_->set(0, head);
  count_ = count;
}

bool ChunkWriter::is_full() noexcept {
  for (; segments_counted_ < out_->segments.size(); ++segments_counted_) segment_bytes_ += out_->segments[segments_counted_].bytes;
  return out_->body.size() + segment_bytes_ >= kChunkBytes;
}

void ChunkWriter::close() {
  out_->set(offsetof(wire::BatchHead, count), count_);
  out_->close();
}

// --- the map ---------------------------------------------------------------------------------------------------------

struct MapState::State : std::enable_shared_from_this<MapState::State> {
  explicit State(Parts given)
      : parts(std::move(given)),
        inputs(std::move(parts.inputs)),
        in_background(inputs->is_anyones() && parts.engine->has_helper()),
        sizer(parts.options.chunk) {}

  Parts parts;  // but its inputs
  const std::shared_ptr<Inputs> inputs;
  const bool in_background;               // chunks are made on the cluster's callback thread too
  std::atomic<bool> owner_waits = false;  // who asks for results sees to everything itself
  std::atomic<std::uint64_t> collected = 0;
  std::mutex mutex;          // for what follows
  std::exception_ptr error;  // of a chunk that could not be made while the owner was away
  master::ChunkSizer sizer;
  std::map<std::size_t, std::shared_ptr<Chunk>> under_way;  // by their first item, as all here
  std::map<std::size_t, std::shared_ptr<Chunk>> done;
  std::map<std::size_t, std::uint64_t> result_bytes;  // of those
  std::shared_ptr<Ended> ended = std::make_shared<Ended>();
  std::size_t issued = 0, taken = 0;  // items
  std::uint64_t bytes_done = 0;       // of results that nobody has taken
  bool exhausted = false;             // no more chunks are made

  bool may_issue() const {
    auto ahead = static_cast<std::int64_t>(issued - taken);
    return !exhausted && bytes_done < kResultsAhead && (parts.options.window == 0 || ahead < parts.options.window);
  }
  std::int64_t next_size(int workers) const {
    std::int64_t size = sizer.next(inputs->remaining(), workers);
    if (parts.options.window > 0) size = std::min(size, parts.options.window - static_cast<std::int64_t>(issued - taken));
    return size;
  }
  void issue(std::int64_t most);
  void fill();
  void collect(std::size_t first);
  void collect_all();
  void advance_in_background() noexcept;
  std::shared_ptr<Chunk> take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at);
};

void MapState::State::issue(std::int64_t most) {
  auto chunk = parts.make_chunk(parts.engine);
  chunk->first = issued;
  chunk->folded = parts.fold != 0;
  JobState::Call& call = chunk->call;
  call.kernel = parts.kernel;
  call.is_batch = true;
  call.priority = parts.options.priority;
  ChunkWriter writer(*parts.kernel, issued, parts.fold, call.frame);
  // A kernel may still read what all items have in common when the map itself is gone.
  chunk->kept =
      std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<Inputs>>>(inputs->write(writer, static_cast<std::size_t>(most)), inputs);
  chunk->count = writer.count();
  if (chunk->count == 0) return void(exhausted = true);
  writer.close();
  call.objects = writer.objects();
  std::sort(call.objects.begin(), call.objects.end());
  call.objects.erase(std::unique(call.objects.begin(), call.objects.end()), call.objects.end());
  for (const Segment& segment : call.frame.segments) call.bytes += segment.bytes;
  chunk->on_end([queue = ended, first = issued, weak = weak_from_this()] {
    queue->push(first);
    auto state = weak.lock();
    if (state && state->in_background && !state->owner_waits.load()) state->parts.engine->call_back([state] { state->advance_in_background(); });
  });
  under_way.emplace(issued, chunk);
  issued += chunk->count;
  parts.engine->submit(std::move(chunk));
}

void MapState::State::fill() {
  if (exhausted) return;
  int workers = std::max(1, parts.engine->with([](auto& dispatcher) { return dispatcher.roster().workers(); }));
  try {
    while (may_issue() && under_way.size() < static_cast<std::size_t>(kChunksPerWorker * workers)) issue(next_size(workers));
  } catch (...) {  // the caller's input is wrong
    exhausted = true;
    throw;
  }
}

// A chunk has ended.
void MapState::State::collect(std::size_t first) {
  auto at = under_way.find(first);
  std::shared_ptr<Chunk> chunk = std::move(at->second);
  under_way.erase(at);
  chunk->close();
  std::uint64_t bytes = 0;
  if (!chunk->has_failed() ||
      !chunk->failures.empty()) {  // else it was cancelled, perhaps, and its result is still to come: that writes in its notes
    bytes = chunk->call.result_bytes;
    sizer.ended(chunk->count, chunk->call.compute_nanoseconds, bytes + chunk->call.frame.body.size() + chunk->call.bytes);
  }
  bytes_done += bytes;
  result_bytes.emplace(first, bytes);
  if (parts.options.on_error == OnError::stop && chunk->has_failed()) exhausted = true;
  done.emplace(first, std::move(chunk));
  ++collected;
}

void MapState::State::collect_all() {
  while (auto first = ended->pop()) collect(*first);
}

void MapState::State::advance_in_background() noexcept {
  std::lock_guard lock(mutex);
  if (owner_waits.load()) return;
  try {
    collect_all();
    fill();
  } catch (...) {
    error = std::current_exception();
  }
}

std::shared_ptr<Chunk> MapState::State::take(std::map<std::size_t, std::shared_ptr<Chunk>>::iterator at) {
  std::shared_ptr<Chunk> chunk = std::move(at->second);
  done.erase(at);
  taken += chunk->count;
  bytes_done -= result_bytes.extract(chunk->first).mapped();
  return chunk;
}

MapState::MapState(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {
  std::lock_guard lock(state_->mutex);
  state_->fill();
}

MapState::~MapState() {
  if (!state_) return;
  cancel();
  std::map<std::size_t, std::shared_ptr<Chunk>> left;
  {
    std::lock_guard lock(state_->mutex);
    left = state_->under_way;
  }
  for (auto& [first, chunk] : left) chunk->wait(Clock::time_point::max());
}

OnError MapState::on_error() const noexcept { return state_->parts.options.on_error; }

void MapState::cancel() noexcept {
  std::lock_guard lock(state_->mutex);
  state_->exhausted = true;
  state_->done.clear();
  state_->result_bytes.clear();
  for (auto& [first, chunk] : state_->under_way) {
    try {
      chunk->cancel();
    } catch (const std::exception&) {  // MPI has failed: whoever waits meets it
    }
  }
}

std::shared_ptr<Chunk> MapState::next(bool in_order) {
  State& state = *state_;
  struct Here {
    State* state;
    explicit Here(State& its) : state(&its) { state->owner_waits.store(true); }
    ~Here() { state->owner_waits.store(false); }
  } here(state);
  struct Context {
    State* state;
    std::uint64_t collected;
  } context{&state, 0};
  for (;;) {
    {
      std::lock_guard lock(state.mutex);
      if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
      state.collect_all();
      state.fill();
      bool is_next = !in_order || state.under_way.empty() || (!state.done.empty() && state.done.begin()->first < state.under_way.begin()->first);
      if (is_next && !state.done.empty()) return state.take(state.done.begin());
      if (state.under_way.empty()) return nullptr;
      context.collected = state.collected.load();
    }
    auto ready = [](void* it) {
      auto* seen = static_cast<Context*>(it);
      return !seen->state->ended->empty() || seen->state->collected.load() != seen->collected;
    };
    state.parts.engine->wait(ready, &context, Clock::time_point::max());
  }
}

}  // namespace gluster::detail
