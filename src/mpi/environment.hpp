#pragma once
#include <mpi.h>

#include <string>
#include <string_view>
#include <vector>

namespace gluster::mpi {

// MPI's life in this process: initialised and finalised here only where nobody else did. The only file that knows which MPI it is.
class Environment {
 public:
  // At MPI_THREAD_SERIALIZED, not MULTIPLE: over TCP, Open MPI 4 crashed or hung at MULTIPLE in a third of its starts.
  Environment(int* argc, char*** argv);
  // Finalises, if it initialised. Never throws.
  ~Environment();
  Environment(const Environment&) = delete;

  // The same, earlier.
  void finalize() noexcept;

 private:
  bool ours_ = false;
};

// True when threads other than the first may call MPI, one at a time. MPI must be initialised.
bool may_use_threads();
bool is_initialised();

// True when `name` is an environment variable by which a launcher tells a process that it is one rank of several.
bool is_launcher_variable(std::string_view name);
// True when `name` is a program that starts ranks as its children, on this node.
bool is_launcher_program(std::string_view name);

// A communicator of Gluster's own, duplicated so that no other MPI traffic can match; errors return. Collective to make and to free. Holds the
// baton where it calls MPI: another session of this process may be moving messages.
class Communicator {
 public:
  explicit Communicator(MPI_Comm from);
  ~Communicator();
  Communicator(const Communicator&) = delete;

  MPI_Comm handle() const noexcept { return handle_; }
  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  // The same text on every rank; collective. `text` is rank 0's.
  std::string broadcast(std::string text) const;
  // The first rank of which something is true; -1: of none. Collective.
  int first(bool is_true) const;
  // `bytes` of every rank that shares memory with this one, by rank, and where its own are; collective. All have the same size.
  struct OnNode {
    std::vector<std::string> all;
    std::size_t self;
  };
  OnNode gather_on_node(std::string_view bytes) const;
  // Ends every rank, now.
  [[noreturn]] void abort(int status) const;

 private:
  MPI_Comm handle_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
};

}  // namespace gluster::mpi
