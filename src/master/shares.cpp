#include "master/shares.hpp"

#include <algorithm>
#include <set>

namespace gluster::master {

Shares::Reserved Shares::reserve(std::uint64_t bytes) {
  Object& object = objects_[++last_];
  object.number = last_;
  object.bytes = bytes;
  auto offset = memory_.take(bytes);
  if (offset && is_required_ && bytes != 0 && *offset + bytes > roster_->least_node_memory()) {
    memory_.give(*offset, bytes);
    offset.reset();
  }
  object.offset = offset.value_or(kNowhere);
  std::uint64_t touched = offset && touched_ > *offset ? std::min(touched_ - *offset, bytes) : 0;
  if (offset) touched_ = std::max(touched_, *offset + bytes);
  return {object.number, object.offset, touched};
}

namespace {

constexpr std::uint64_t kMostLent = std::uint64_t{256} << 20;  // above, what lies here once more for the master would be felt

}  // namespace

bool Shares::may_lend() const { return !is_required_ && roster_->are_all_beside_master(); }

Shares::Loan Shares::lend(std::uint64_t bytes) {
  if (is_required_ || bytes > kMostLent || lent_ + bytes > most_lent_) return {};
  auto offset = memory_.take_last(bytes);
  if (!offset) return {};
  if (*offset < memory_bytes_ - memory_bytes_ / 4) {
    memory_.give(*offset, bytes);
    return {};
  }
  Object& object = objects_[++last_];
  object.number = last_;
  object.bytes = bytes;
  object.offset = *offset;
  object.is_lent = true;
  lent_ += bytes;
  std::uint64_t fresh = fresh_below_ > *offset ? std::min(fresh_below_ - *offset, bytes) : 0;
  fresh_below_ = std::min(fresh_below_, *offset);
  return {object.number, *offset, fresh};
}

void Shares::lend_no_more(std::uint64_t object) {
  most_lent_ = lent_ - at(object).bytes;
  fresh_below_ = memory_bytes_;
}

Shares::Idle Shares::begin_trim() {
  Idle idle{fresh_below_, memory_bytes_ - fresh_below_};
  if (lent_ != 0 || idle.bytes == 0) return {};
  auto offset = memory_.take_last(idle.bytes);
  if (!offset || *offset == idle.offset) return offset ? idle : Idle();
  memory_.give(*offset, idle.bytes);  // shared data has come as far
  return {};
}

void Shares::end_trim(const Idle& idle) {
  memory_.give(idle.offset, idle.bytes);
  touched_ = std::min(touched_, idle.offset);
  fresh_below_ = memory_bytes_;
  most_lent_ = memory_bytes_ / 4;
}

void Shares::leave_memory(std::uint64_t number) {
  Object& object = objects_.at(number);
  memory_.give(object.offset, object.bytes);
  touched_ = std::min(touched_, object.offset);
  object.offset = kNowhere;
}

std::shared_ptr<wire::Relay> Shares::seal(std::uint64_t number, std::span<const std::byte> data, std::shared_ptr<const void> owner) {
  Object& object = objects_.at(number);
  object.data = data;
  object.owner = std::move(owner);
  if (object.offset == kNowhere || object.bytes == 0) return nullptr;  // who needs it gets it
  std::set<std::int32_t> leaders;
  for (int rank : roster_->ranks())
    if (roster_->at(rank).leader > 0 && has_place(object, rank)) leaders.insert(roster_->at(rank).leader);
  if (leaders.empty()) return nullptr;
  auto relay = send(object, {leaders.begin(), leaders.end()}, true);
  object.relay = relay;
  object.sealed = Clock::now();
  return relay;
}

// Nodes may have less memory than the master's.
bool Shares::has_place(const Object& object, int rank) const {
  const auto& runner = roster_->at(rank);
  return object.offset != kNowhere && runner.leader >= 0 && object.offset + object.bytes <= runner.node_memory;
}

int Shares::place(const Object& object, int rank) const {
  if (object.bytes == 0) return -1;
  int leader = roster_->at(rank).leader;
  if (!has_place(object, rank)) return rank;
  if (leader == 0) return -1;
  auto stage = object.stages.find(leader);
  return stage != object.stages.end() && (stage->second == Stage::kOwn || stage->second == Stage::kNoRoom) ? rank : leader;
}

bool Shares::is_at(std::uint64_t number, int rank) const {
  const Object& object = at(number);
  int where = place(object, rank);
  if (where < 0) return true;
  auto stage = object.stages.find(where);
  return stage != object.stages.end() && (stage->second == Stage::kInMemory || stage->second == Stage::kOwn);
}

Shares::Where Shares::ask(std::uint64_t number, int rank) {
  Object& object = objects_.at(number);
  int where = place(object, rank);
  if (where < 0) return Where::kThere;
  switch (object.stages[where]) {
    case Stage::kInMemory: return Where::kThere;
    case Stage::kOwn: return is_required_ ? Where::kNotInMemory : Where::kThere;
    case Stage::kComing: return Where::kComing;
    case Stage::kNoRoom: return Where::kNoRoom;
    case Stage::kNone: {
      bool to_memory = has_place(object, rank) && where == roster_->at(rank).leader;
      if (is_required_ && !to_memory) return Where::kNotInMemory;
      send(object, {where}, to_memory)->have(object.bytes);
      return Where::kComing;
    }
  }
  return Where::kNoRoom;
}

void Shares::hold(std::uint64_t number, int rank, JobPointer job) {
  Object& object = objects_.at(number);
  object.held[place(object, rank)].push_back(std::move(job));
}

void Shares::forget(const JobPointer& job) {
  for (std::uint64_t number : job->call.objects)
    for (auto& [rank, jobs] : objects_.at(number).held) std::erase(jobs, job);
}

Shares::Sent Shares::sent(std::uint64_t number) const {
  const Object& object = at(number);
  const auto relay = object.relay.lock();
  return {object.sealed, object.bytes, relay && !relay->done()};
}

// Its pieces keep the Relay.
std::shared_ptr<wire::Relay> Shares::send(Object& object, const std::vector<std::int32_t>& ranks, bool to_memory) {
  std::vector<int> to;
  for (const wire::Branch& branch : wire::branches(ranks, object.bytes)) {
    to.push_back(branch.rank);
    wire::Share share{object.number, to_memory ? object.offset : kNowhere, object.bytes, branch.below};
    link_->send(branch.rank, wire::frame_of(wire::Word::kShare, number_(), std::move(share)));
  }
  for (std::int32_t rank : ranks) object.stages[rank] = Stage::kComing;
  object.coming += static_cast<int>(ranks.size());
  under_way_ += ranks.size();
  return std::make_shared<wire::Relay>(wire::Relay::Parts{link_, object.number, object.data, object.owner, to, number_});
}

void Shares::settle(Object& object, int rank, Stage stage, std::vector<JobPointer>& freed) {
  Stage& before = object.stages[rank];
  if (before != Stage::kComing) return;
  before = stage;
  --object.coming;
  --under_way_;
  auto held = object.held.extract(rank);
  if (!held.empty()) freed.insert(freed.end(), held.mapped().begin(), held.mapped().end());
}

bool Shares::is_copy(const wire::ShareDone& done) const {
  auto found = objects_.find(done.object);
  return done.outcome == wire::ShareOutcome::kOwn && found != objects_.end() && found->second.offset != kNowhere;
}

std::vector<Shares::JobPointer> Shares::done(int rank, const wire::ShareDone& done) {
  std::vector<JobPointer> freed;
  auto found = objects_.find(done.object);
  if (found == objects_.end()) return freed;
  Object& object = found->second;
  switch (done.outcome) {
    case wire::ShareOutcome::kInMemory: settle(object, rank, Stage::kInMemory, freed); break;
    case wire::ShareOutcome::kOwn: settle(object, rank, Stage::kOwn, freed); break;
    case wire::ShareOutcome::kNoRoom:
      settle(object, rank, Stage::kNoRoom, freed);
      for (std::int32_t other : done.below) settle(object, other, Stage::kNone, freed);  // nobody passed it on
      break;
  }
  if (!object.released || object.coming != 0) return freed;
  --leaving_;
  free(object);
  return freed;
}

void Shares::release(std::uint64_t number) {
  Object& object = objects_.at(number);
  if (object.coming == 0) return free(object);
  object.released = true;
  ++leaving_;
}

void Shares::free(Object& object) {
  for (const auto& [rank, stage] : object.stages)
    if (stage == Stage::kOwn) link_->send(rank, wire::frame_of(wire::Word::kFree, number_(), wire::Free{object.number}));
  if (object.offset != kNowhere) memory_.give(object.offset, object.bytes);
  if (object.is_lent) lent_ -= object.bytes;
  objects_.erase(object.number);
}

}  // namespace gluster::master
