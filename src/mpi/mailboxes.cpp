#include "mpi/mailboxes.hpp"

#include <algorithm>

namespace gluster::mpi {
namespace {

// What lies in node memory for each rank of the master's node. Of the master only the bell is used.
struct Station {
  base::Bell bell;
  wire::Counters counters;
  Mailbox::Ring to_master;
  Mailbox::Ring from_master;
};

// For parcels in one direction: a table of some ten thousand words, or a matrix of 512 rows.
constexpr std::size_t kRoom = std::size_t{2} << 20;
constexpr std::size_t kPage = 4096;

}  // namespace

std::size_t Mailboxes::bytes_for(const std::vector<int>& ranks) {
  return ranks.size() < 2 || ranks.front() != 0 ? 0 : ranks.size() * sizeof(Station);
}

std::size_t Mailboxes::bytes_for_parcels(const std::vector<int>& ranks) { return bytes_for(ranks) == 0 ? 0 : (ranks.size() - 1) * 2 * kRoom; }

Mailboxes::Mailboxes(std::byte* memory, std::span<std::byte> parcels, const std::vector<int>& ranks, int self) {
  if (memory == nullptr) return;
  auto* stations = reinterpret_cast<Station*>(memory);
  auto place = static_cast<std::size_t>(std::find(ranks.begin(), ranks.end(), self) - ranks.begin());
  mine_ = &stations[place].bell;
  const std::size_t room = parcels.size() / (2 * (ranks.size() - 1)) / kPage * kPage;
  auto room_to_master = [&](std::size_t i) { return parcels.subspan(2 * (i - 1) * room, room); };
  auto room_from_master = [&](std::size_t i) { return parcels.subspan((2 * (i - 1) + 1) * room, room); };
  if (self != 0) {
    Station& mine = stations[place];
    all_.emplace_back(0, mine.from_master, room_from_master(place), mine.to_master, room_to_master(place), stations[0].bell, mine.counters);
    return;
  }
  for (std::size_t i = 1; i < ranks.size(); ++i) {
    Station& its = stations[i];
    all_.emplace_back(ranks[i], its.to_master, room_to_master(i), its.from_master, room_from_master(i), its.bell, its.counters);
  }
}

void Mailboxes::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) const {
  mine_->sleep(most, [&] { return (ready != nullptr && ready(context)) || have_mail(); });
}

}  // namespace gluster::mpi
