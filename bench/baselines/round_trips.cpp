// What the way between two ranks takes by MPI alone: there and back.
//
//     mpirun -n RANKS round_trips BYTES [ROUNDS [TRIPS]]
//
// Rank 0 sends BYTES to the last rank and gets as many back, TRIPS times a round (1); prints the seconds of one trip in each of ROUNDS rounds (5), after one that
// is not counted, as one line of JSON. Exit status 2: the words on the command line are wrong.
#include "mpi_program.hpp"
#include "ping_pong.hpp"
#include "program.hpp"

#include <cstdio>

namespace {

struct Trip {
  double total;
};

}  // namespace

int main(int argc, char** argv) {
  const baselines::World world(&argc, &argv);
  const std::int64_t bytes = argc > 1 ? baselines::parse_count(argv[1]) : 0;
  const std::int64_t rounds = argc > 2 ? baselines::parse_count(argv[2]) : 5;
  const std::int64_t trips = argc > 3 ? baselines::parse_count(argv[3]) : 1;
  if (argc > 4 || bytes == 0 || rounds == 0 || trips == 0 || world.ranks < 2) {
    if (world.rank == 0) std::fprintf(stderr, "usage: mpirun -n RANKS round_trips BYTES [ROUNDS [TRIPS]], of two ranks or more\n");
    return 2;
  }
  std::vector<std::byte> there(static_cast<std::size_t>(bytes));
  std::vector<std::byte> back(there.size());
  std::vector<Trip> counted;
  for (std::int64_t round = 0; round <= rounds; ++round) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    if (world.rank == 0) baselines::ping(MPI_COMM_WORLD, world.ranks - 1, there, back, trips);
    if (world.rank == world.ranks - 1) baselines::pong(MPI_COMM_WORLD, 0, there, back, trips);
    if (round > 0) counted.push_back({(MPI_Wtime() - start) / static_cast<double>(trips)});
  }
  if (world.rank != 0) return 0;
  std::printf("{\"program\": \"round_trips\", \"bytes\": %lld, \"ranks\": %d, ", static_cast<long long>(bytes), world.ranks);
  baselines::print_list("total", counted, &Trip::total);
  std::printf("\"correct\": true}\n");
  return 0;
}
