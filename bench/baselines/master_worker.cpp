#include "master_worker.hpp"

#include <vector>

namespace baselines {
namespace {

constexpr int kTask = 1;
constexpr int kGoHome = 2;

}  // namespace

void hand_out(MPI_Comm comm, int workers, int window, long tasks, std::size_t task_bytes, std::size_t answer_bytes) {
  const std::vector<std::byte> task(task_bytes);
  std::vector<std::byte> answer(answer_bytes);
  long given = 0;
  const auto give = [&](int worker) {
    if (given == tasks) return;
    MPI_Send(task.data(), static_cast<int>(task.size()), MPI_BYTE, worker, kTask, comm);
    ++given;
  };
  for (int slot = 0; slot < window; ++slot) {
    for (int worker = 1; worker <= workers; ++worker) give(worker);
  }
  for (long done = 0; done < tasks; ++done) {
    MPI_Status status;
    MPI_Recv(answer.data(), static_cast<int>(answer.size()), MPI_BYTE, MPI_ANY_SOURCE, kTask, comm, &status);
    give(status.MPI_SOURCE);
  }
  for (int worker = 1; worker <= workers; ++worker) MPI_Send(nullptr, 0, MPI_BYTE, worker, kGoHome, comm);
}

void work(MPI_Comm comm, std::size_t task_bytes, std::size_t answer_bytes) {
  std::vector<std::byte> task(task_bytes);
  const std::vector<std::byte> answer(answer_bytes);
  for (;;) {
    MPI_Status status;
    MPI_Recv(task.data(), static_cast<int>(task.size()), MPI_BYTE, 0, MPI_ANY_TAG, comm, &status);
    if (status.MPI_TAG == kGoHome) return;
    MPI_Send(answer.data(), static_cast<int>(answer.size()), MPI_BYTE, 0, kTask, comm);
  }
}

}  // namespace baselines
