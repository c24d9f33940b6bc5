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
#include <span>
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

/// What differs from the environment's options, on every rank of a session.
struct Setting {
  std::array<char, 1024> cache{};  ///< a directory; empty: the environment's
  std::array<char, 1024> trace{};  ///< a file; empty: the environment's
  bool master_computes = false;

  static Setting with_cache(const std::string& directory);
  static Setting with_trace(const std::string& file);
};

/// What a rank other than 0 is to do next. Numbers mean what the act says.
struct Order {
  int act;  ///< the program's own, from 0 on
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::int64_t times = 1;
  Setting setting = {};
};

class Stage {
 public:
  /// Collective. Sessions import `plugins`. MPI's errors end the program.
  explicit Stage(std::vector<std::string> plugins);
  ~Stage();
  Stage(const Stage&) = delete;

  MPI_Comm comm() const { return comm_; }
  int rank() const { return rank_; }
  int workers() const { return size_ - 1; }

  /// Ranks other than 0: does what is ordered, by `perform` what is not a session; returns when rank 0 ends.
  void follow(const std::function<void(const Order&)>& perform);

  // The rest is rank 0's.

  void order(const Order& order) const;

  /// Makes a session, imports the plugins, and calls what(cluster).
  void with_cluster(const std::function<void(gluster::Cluster&)>& what, const Setting& setting = {}) const;
  /// The same with nothing imported.
  void with_bare_cluster(const Setting& setting, const std::function<void(gluster::Cluster&)>& what) const;

  struct Contest {
    std::function<double()> raw;                       ///< a sample; empty: there is no baseline
    std::function<double(gluster::Cluster&)> gluster;  ///< a sample
    double seconds;                                    ///< rounds of both go on for so long
    int least_rounds;
    Setting setting = {};
  };
  /// Who comes first changes from round to round.
  Figure run(Figure figure, const Contest& contest) const;

 private:
  std::vector<std::string> plugins_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
};

}  // namespace bench
