// What a map and its journal say to each other: see data/journal.hpp.
#include <gluster/journaled.hpp>

#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <gluster/chunk.hpp>

#include "base/digest.hpp"
#include "data/journal.hpp"
#include "master/engine.hpp"

namespace gluster::detail {
namespace {

void add_to(base::Sha256& digest, const Argument& argument) {
  Encoder value;
  argument.encode(value, argument.value);
  std::uint64_t bytes = value.body.size();
  digest.add(std::as_bytes(std::span(argument.type->text)));
  digest.add(std::as_bytes(std::span(&bytes, 1)));
  digest.add(value.body);
  for (const Segment& segment : value.segments) {
    bytes = segment.bytes;
    digest.add(std::as_bytes(std::span(&bytes, 1)));
    digest.add({static_cast<const std::byte*>(segment.data), segment.bytes});
  }
}

}  // namespace

struct InputsDigest::State {
  Engine* engine;
  base::Sha256 digest;
};

InputsDigest::InputsDigest(Engine& engine) : state_(std::make_unique<State>(State{&engine, {}})) {}
InputsDigest::~InputsDigest() = default;

// Shared data is what it is, not what it is called.
void InputsDigest::add(std::span<const Argument> arguments) {
  for (const Argument& argument : arguments) {
    if (argument.kind != ArgumentKind::shared) {
      add_to(state_->digest, argument);
      continue;
    }
    const auto& ref = *static_cast<const SharedRef*>(argument.value);
    add(argument.type->text,
        state_->engine->with([&](auto& dispatcher) { return dispatcher.shares().data(ref.object).subspan(ref.begin, ref.bytes); }));
  }
}

void InputsDigest::add(std::string_view kind, std::span<const std::byte> bytes) {
  std::uint64_t count = bytes.size();
  state_->digest.add(std::as_bytes(std::span(kind)));
  state_->digest.add(std::as_bytes(std::span(&count, 1)));
  state_->digest.add(bytes);
}

std::string InputsDigest::finish() { return state_->digest.finish(); }

std::uint64_t InputsDigest::of_item(std::span<const Argument> own) {
  base::Sha256 digest;
  for (const Argument& argument : own) add_to(digest, argument);
  return std::stoull(digest.finish().substr(0, 16), nullptr, 16);
}

std::size_t Journaled::size() const { return map_->known().size(); }
bool Journaled::has(std::size_t index) const { return map_->find(index) != nullptr; }
std::size_t Journaled::known(std::size_t nth) const { return map_->known().at(nth).index; }
std::size_t Journaled::missing(std::size_t position) const { return map_->missing(position); }

void Journaled::open(std::size_t index, Chunk& chunk) const {
  const data::MapRecords::Value* value = map_->find(index);
  if (value == nullptr) throw DataError(fmt::format("the journal has no item {}", index));
  map_->open(*value, [&](Decoder& in) { chunk.restore(index, in); });
}

void Journaled::expect_input(std::size_t index, std::uint64_t input) const {
  const data::MapRecords::Value* value = map_->find(index);
  if (value != nullptr && value->input != input)
    throw UsageError(fmt::format("the journal {} is of other inputs: item {} is another one; give this run a journal of its own",
                                 map_->journal().log().path().string(), index));
}

std::uint64_t Journaled::add(const Chunk& chunk) {
  std::uint64_t last = 0;
  auto failure = chunk.failures.begin();
  for (std::size_t item = 0; item < chunk.count; ++item) {
    if (failure != chunk.failures.end() && failure->item == item) {
      ++failure;
      continue;
    }
    const std::uint64_t input = chunk.inputs.empty() ? 0 : chunk.inputs[item];
    last = map_->add(chunk.index_of(item), input, chunk.call.attempt, [&](Encoder& out) { chunk.encode_item(out, item); });
  }
  return last;
}

std::uint64_t Journaled::saved() const { return map_->saved(); }
void Journaled::hurry() { map_->journal().log().hurry(); }
void Journaled::on_disk(std::function<bool()> told) { map_->journal().on_disk(std::move(told)); }

void Journaled::tell(std::uint64_t done, std::uint64_t failed, double seconds, const std::string& runners) {
  map_->add(data::Progress{0, done, failed, seconds, runners});
}

}  // namespace gluster::detail
