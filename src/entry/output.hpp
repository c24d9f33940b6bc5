#pragma once
#include <string>
#include <thread>

namespace gluster::entry {

// What kernels print goes on line by line, whole, while this lives.
//
// Without a tag the C library's buffers do it. With one, stdout and stderr go through a thread that puts it before each line.
class Output {
 public:
  explicit Output(std::string tag);
  ~Output();
  Output(const Output&) = delete;

 private:
  struct Stream {
    int number;        // 1 or 2
    int original = -1;
    int pipe = -1;     // our end
    std::string line;  // not whole yet
  };
  void forward();
  bool take(Stream& stream);

  std::string tag_;
  Stream streams_[2] = {{1, -1, -1, {}}, {2, -1, -1, {}}};
  std::thread thread_;
};

}  // namespace gluster::entry
