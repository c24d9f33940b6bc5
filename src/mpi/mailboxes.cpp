#include "mpi/mailboxes.hpp"

#include <algorithm>

namespace gluster::mpi {
namespace {

using base::kPage;

// What lies in node memory for each rank of the master's node. Of the master only the bell is used.
struct Station {
  base::Bell bell;
  wire::Counters counters;
  Mailbox::Ring to_master;
  Mailbox::Ring from_master;
  Stream::Counts counts_to_master, counts_from_master;
};

// For parcels in one direction: a table of some ten thousand words, or a matrix of 512 rows.
constexpr std::size_t kRoom = std::size_t{2} << 20;
constexpr std::size_t kStreamRoom = std::size_t{1} << 20;

}  // namespace

std::size_t Mailboxes::bytes_for(const std::vector<int>& ranks) {
  return ranks.size() < 2 || ranks.front() != 0 ? 0 : ranks.size() * sizeof(Station);
}

std::size_t Mailboxes::bytes_for_parcels(const std::vector<int>& ranks) {
  return bytes_for(ranks) == 0 ? 0 : (ranks.size() - 1) * 2 * (kRoom + kStreamRoom);
}

Mailboxes::Mailboxes(std::byte* memory, std::span<std::byte> parcels, const std::vector<int>& ranks, int self) {
  if (memory == nullptr) return;
  auto* stations = reinterpret_cast<Station*>(memory);
  auto place = static_cast<std::size_t>(std::find(ranks.begin(), ranks.end(), self) - ranks.begin());
  mine_ = &stations[place].bell;
  const std::size_t room = parcels.size() / (2 * (ranks.size() - 1)) / kPage * kPage;
  std::size_t for_stream = room / kPage * kStreamRoom / (kRoom + kStreamRoom) * kPage;
  if (for_stream < 4 * Stream::kStep) for_stream = 0;  // MPI's own is no smaller, and a few pages at a time are slow
  auto way = [&](std::size_t number, Mailbox::Ring& ring, Stream::Counts& counts) {
    const auto mine = parcels.subspan(number * room, room);
    return Mailbox::Way{&ring, &counts, mine.subspan(for_stream), mine.subspan(0, for_stream)};
  };
  auto to_master = [&](std::size_t i) { return way(2 * (i - 1), stations[i].to_master, stations[i].counts_to_master); };
  auto from_master = [&](std::size_t i) { return way(2 * (i - 1) + 1, stations[i].from_master, stations[i].counts_from_master); };
  if (self != 0) {
    all_.emplace_back(0, from_master(place), to_master(place), stations[0].bell, stations[place].counters);
    return;
  }
  for (std::size_t i = 1; i < ranks.size(); ++i) all_.emplace_back(ranks[i], to_master(i), from_master(i), stations[i].bell, stations[i].counters);
}

void Mailboxes::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) const {
  mine_->sleep(most, [&] { return (ready != nullptr && ready(context)) || have_mail(); });
}

}  // namespace gluster::mpi
