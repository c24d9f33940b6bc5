#include "farm.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace baselines {
namespace {

// A worker has a chunk in each: one is computed, one waits. The tag says which.
constexpr int kSlots = 2;

struct Range {
  std::int64_t first;
  std::int64_t count;
};

int count_of(std::size_t items) { return static_cast<int>(items); }

// Where one chunk of a worker's lies.
struct Slot {
  std::vector<std::int64_t> items;
  std::vector<std::int64_t> values;
  Range range{};
  MPI_Request leaving = MPI_REQUEST_NULL;
};

}  // namespace

void farm_out(MPI_Comm comm, std::span<const std::int64_t> items, std::span<std::int64_t> values, std::size_t chunk, Sent sent) {
  int ranks = 0;
  MPI_Comm_size(comm, &ranks);
  const int workers = ranks - 1;
  const std::size_t slots = std::size_t{kSlots} * static_cast<std::size_t>(workers);
  std::vector<MPI_Request> leaving(slots, MPI_REQUEST_NULL);
  std::vector<MPI_Request> returning(slots, MPI_REQUEST_NULL);
  std::vector<Range> ranges(slots);
  std::size_t next = 0;
  const auto give = [&](std::size_t slot) {
    const std::size_t count = std::min(chunk, values.size() - next);
    if (count == 0) return;
    const int worker = 1 + static_cast<int>(slot) % workers;
    const int tag = static_cast<int>(slot) / workers;
    MPI_Wait(&leaving[slot], MPI_STATUS_IGNORE);
    if (sent == Sent::kRanges) {
      ranges[slot] = {static_cast<std::int64_t>(next), static_cast<std::int64_t>(count)};
      MPI_Isend(&ranges[slot], 2, MPI_INT64_T, worker, tag, comm, &leaving[slot]);
    } else {
      MPI_Isend(items.data() + next, count_of(count), MPI_INT64_T, worker, tag, comm, &leaving[slot]);
    }
    MPI_Irecv(values.data() + next, count_of(count), MPI_INT64_T, worker, tag, comm, &returning[slot]);
    next += count;
  };
  for (std::size_t slot = 0; slot < slots; ++slot) give(slot);
  for (;;) {
    int slot = 0;
    MPI_Waitany(count_of(slots), returning.data(), &slot, MPI_STATUS_IGNORE);
    if (slot == MPI_UNDEFINED) break;
    give(static_cast<std::size_t>(slot));
  }
  MPI_Waitall(count_of(slots), leaving.data(), MPI_STATUSES_IGNORE);
  for (int worker = 1; worker <= workers; ++worker) {
    for (int tag = 0; tag < kSlots; ++tag) MPI_Send(nullptr, 0, MPI_INT64_T, worker, tag, comm);
  }
}

void work_off(MPI_Comm comm, std::int64_t (*function)(std::int64_t), std::size_t chunk, Sent sent) {
  std::array<Slot, kSlots> slots;
  std::array<MPI_Request, kSlots> arriving{};
  const auto receive = [&](int at) {
    Slot& slot = slots[static_cast<std::size_t>(at)];
    void* into = sent == Sent::kRanges ? static_cast<void*>(&slot.range) : slot.items.data();
    MPI_Irecv(into, sent == Sent::kRanges ? 2 : count_of(chunk), MPI_INT64_T, 0, at, comm, &arriving[static_cast<std::size_t>(at)]);
  };
  for (int at = 0; at < kSlots; ++at) {
    slots[static_cast<std::size_t>(at)].items.resize(chunk);
    slots[static_cast<std::size_t>(at)].values.resize(chunk);
    receive(at);
  }
  for (;;) {
    int at = 0;
    int count = 0;
    MPI_Status status;
    MPI_Waitany(kSlots, arriving.data(), &at, &status);
    if (at == MPI_UNDEFINED) break;
    MPI_Get_count(&status, MPI_INT64_T, &count);
    if (count == 0) continue;  // no more come to this slot
    Slot& slot = slots[static_cast<std::size_t>(at)];
    MPI_Wait(&slot.leaving, MPI_STATUS_IGNORE);
    if (sent == Sent::kRanges) {
      count = static_cast<int>(slot.range.count);
      for (int i = 0; i < count; ++i) slot.values[static_cast<std::size_t>(i)] = function(slot.range.first + i);
    } else {
      std::transform(slot.items.begin(), slot.items.begin() + count, slot.values.begin(), function);
    }
    receive(at);
    MPI_Isend(slot.values.data(), count, MPI_INT64_T, 0, at, comm, &slot.leaving);
  }
  for (Slot& slot : slots) MPI_Wait(&slot.leaving, MPI_STATUS_IGNORE);
}

}  // namespace baselines
