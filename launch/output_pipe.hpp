#pragma once
#include <poll.h>

#include <cstddef>
#include <vector>

namespace gluster::command {

// What a child prints, on its way to this process's stdout: so that a place that takes no more is seen here, and not by a launcher in between, which says nothing of it. Nothing here blocks.
class OutputPipe {
 public:
  // Throws Error.
  OutputPipe();
  ~OutputPipe();
  OutputPipe(const OutputPipe&) = delete;

  // In the child: its stdout is the pipe from now on.
  void become_stdout() const noexcept;
  // In the parent, when the child is there: only that holds the other end.
  void child_is_there() noexcept;

  // What to poll before the next pass().
  pollfd wanted() const noexcept;
  // Moves on what there is, as far as stdout takes it.
  void pass() noexcept;
  // Nothing is left to pass; of a child that has ended.
  bool is_empty() noexcept;
  // The errno of stdout when it took no more; 0: it takes all. What comes from then on is dropped.
  int refused() const noexcept { return refused_; }

 private:
  void read_some() noexcept;

  int in_ = -1, out_ = -1;
  bool is_file_ = false;  // stdout is: it never keeps one waiting
  bool has_ended_ = false;
  int refused_ = 0;
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace gluster::command
