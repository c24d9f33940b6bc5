#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace gluster::entry {

// What kernels print goes on line by line, whole: stdout to `forward`, from where it comes into the master's own output. (A launcher reads
// each rank's stream in pieces that end anywhere.) With a tag, each line begins with it, and stderr's lines do too.
//
// One a process at a time. What is still on its way when the process dies is written to its own stdout by `drain`.
class Output {
 public:
  // An empty `forward`: lines go to this process's own stdout.
  Output(std::string tag, std::function<void(std::string lines)> forward);
  ~Output();
  Output(const Output&) = delete;

  // Sends what there is, and lets stdout and stderr be as they were.
  void close();
  // May be called in a signal handler.
  static void drain();

 private:
  struct Stream {
    int number = -1;    // 1 or 2
    int original = -1;  // what it was
    int pipe = -1;      // our end of what it is
    std::string text;   // not whole yet
  };
  void capture(int number);
  void run();
  bool take(Stream& stream);
  void send(const Stream& stream, std::string lines);

  std::string tag_;
  std::function<void(std::string)> forward_;
  std::vector<Stream> streams_;
  int wake_ = -1;  // an eventfd: close()
  std::thread thread_;
};

}  // namespace gluster::entry
