#include "transfer.hpp"

#include <algorithm>

namespace baselines {
namespace {

void send(MPI_Comm comm, int peer, std::span<const double> data) { MPI_Send(data.data(), static_cast<int>(data.size()), MPI_DOUBLE, peer, 0, comm); }

void receive(MPI_Comm comm, int peer, std::span<double> buffer) {
  MPI_Recv(buffer.data(), static_cast<int>(buffer.size()), MPI_DOUBLE, peer, 0, comm, MPI_STATUS_IGNORE);
}

}  // namespace

void deliver(MPI_Comm comm, int peer, std::span<const double> data) {
  send(comm, peer, data);
  receive(comm, peer, {});
}

void accept_warm(MPI_Comm comm, int peer, std::span<double> buffer) {
  receive(comm, peer, buffer);
  send(comm, peer, {});
}

void accept_fresh(MPI_Comm comm, int peer, std::size_t elements) {
  std::vector<double> buffer(elements);
  accept_warm(comm, peer, buffer);
}

void fetch_warm(MPI_Comm comm, int peer, std::span<double> buffer) {
  send(comm, peer, {});
  receive(comm, peer, buffer);
}

std::vector<double> fetch_fresh(MPI_Comm comm, int peer, std::size_t elements) {
  std::vector<double> buffer(elements);
  fetch_warm(comm, peer, buffer);
  return buffer;
}

void await_ready(MPI_Comm comm, int peer) { receive(comm, peer, {}); }

void supply(MPI_Comm comm, int peer, std::span<double> data) {
  std::ranges::fill(data, 1);
  send(comm, peer, {});
  receive(comm, peer, {});
  send(comm, peer, data);
}

}  // namespace baselines
