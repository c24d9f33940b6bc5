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

}  // namespace

std::size_t Mailboxes::bytes_for(const std::vector<int>& ranks) {
  return ranks.size() < 2 || ranks.front() != 0 ? 0 : ranks.size() * sizeof(Station);
}

Mailboxes::Mailboxes(std::byte* memory, const std::vector<int>& ranks, int self) {
  if (memory == nullptr) return;
  auto* stations = reinterpret_cast<Station*>(memory);
  auto place = static_cast<std::size_t>(std::find(ranks.begin(), ranks.end(), self) - ranks.begin());
  mine_ = &stations[place].bell;
  if (self != 0) {
    all_.emplace_back(0, stations[place].from_master, stations[place].to_master, stations[0].bell, stations[place].counters);
    return;
  }
  for (std::size_t i = 1; i < ranks.size(); ++i)
    all_.emplace_back(ranks[i], stations[i].to_master, stations[i].from_master, stations[i].bell, stations[i].counters);
}

void Mailboxes::rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) const {
  mine_->sleep(most, [&] { return (ready != nullptr && ready(context)) || have_mail(); });
}

}  // namespace gluster::mpi
