// Raw MPI and Gluster on the same ranks of one MPI program, in turn.
//
// Rank 0 decides what is done; the others follow its orders: a part of a baseline, or to be runners of a Session until
// that ends. Raw MPI runs only between sessions, so neither contestant has the other beside it.
#pragma once
#include <mpi.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gluster/cluster.hpp>

#include "figure.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;

template <class F>
double seconds_of(F&& what) {
  const auto start = Clock::now();
  what();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What a rank other than 0 is to do next.
enum class Act : std::int64_t { kEnd, kSession, kPong, kWork, kAcceptWarm, kAcceptFresh, kSupply, kSupplyCounts };
struct Order {
  Act act;
  std::int64_t first = 0;   ///< bytes there; or elements
  std::int64_t second = 0;  ///< bytes back
  std::int64_t times = 1;
  std::array<char, 1024> cache{};  ///< the session's, on every rank; empty: the environment's
};

class Stage {
 public:
  /// Collective. MPI's errors end the program.
  Stage();
  ~Stage();
  Stage(const Stage&) = delete;

  MPI_Comm comm() const { return comm_; }
  int rank() const { return rank_; }
  int workers() const { return size_ - 1; }

  /// Ranks other than 0: returns when rank 0 ends.
  void follow();

  // The rest is rank 0's.

  void order(const Order& order) const;

  /// Makes a session, imports the traffic plugin, and calls what(cluster).
  void with_cluster(const std::function<void(gluster::Cluster&)>& what) const;
  /// The same with nothing imported, and the cache in another directory.
  void with_bare_cluster(const std::string& cache, const std::function<void(gluster::Cluster&)>& what) const;

  struct Contest {
    std::function<double()> raw;                       ///< a sample; empty: there is no baseline
    std::function<double(gluster::Cluster&)> gluster;  ///< a sample
    double seconds;                                    ///< rounds of both go on for so long
    int least_rounds;
  };
  /// Who comes first changes from round to round.
  Figure run(Figure figure, const Contest& contest) const;

 private:
  void follow(const Order& order, std::vector<double>& buffer) const;

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
};

}  // namespace bench
