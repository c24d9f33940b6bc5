#include "ping_pong.hpp"

namespace baselines {

void ping(MPI_Comm comm, int peer, std::span<const std::byte> there, std::span<std::byte> back, long times) {
  for (long i = 0; i < times; ++i) {
    MPI_Send(there.data(), static_cast<int>(there.size()), MPI_BYTE, peer, 0, comm);
    MPI_Recv(back.data(), static_cast<int>(back.size()), MPI_BYTE, peer, 0, comm, MPI_STATUS_IGNORE);
  }
}

void pong(MPI_Comm comm, int peer, std::span<std::byte> there, std::span<const std::byte> back, long times) {
  for (long i = 0; i < times; ++i) {
    MPI_Recv(there.data(), static_cast<int>(there.size()), MPI_BYTE, peer, 0, comm, MPI_STATUS_IGNORE);
    MPI_Send(back.data(), static_cast<int>(back.size()), MPI_BYTE, peer, 0, comm);
  }
}

}  // namespace baselines
