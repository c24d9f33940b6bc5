#pragma once
#include <string>

namespace demo {

// What goes on, for who watches: on a terminal (live) one line that is written over, elsewhere some lines.
class Progress {
 public:
  explicit Progress(bool live) : live_(live) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;

  // Stays to be read.
  void say(const std::string& text);
  // Goes on right now: gone with the next, and nothing where lines cannot be written over.
  void now(const std::string& text);
  // A round is over, of so many; elsewhere than on a terminal this is a line, but not more than ten of all.
  void round(int round, int rounds, const std::string& text);

 private:
  void clear();

  bool live_;
  bool shown_ = false;
};

// Whether stdout is somebody's terminal. (Open MPI gives each rank a terminal of its own for stdout, wherever that goes
// in the end, but a pipe for stderr; so under mpirun the answer is no, and whoever started it has to say.)
bool on_terminal();

}  // namespace demo
