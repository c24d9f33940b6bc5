#include "entry/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string_view>

namespace gluster::entry {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void flush_all() {
  std::cout.flush();
  std::fflush(nullptr);
}

}  // namespace

Output::Output(std::string tag) : tag_(std::move(tag)) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (tag_.empty()) return;
  flush_all();
  for (Stream& stream : streams_) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return;
    stream.original = ::fcntl(stream.number, F_DUPFD_CLOEXEC, 3);
    ::dup2(pipe[1], stream.number);
    ::close(pipe[1]);
    stream.pipe = pipe[0];
  }
  thread_ = std::thread([this] { forward(); });
}

Output::~Output() {
  flush_all();
  if (!thread_.joinable()) return;
  for (Stream& stream : streams_) ::dup2(stream.original, stream.number);  // closes the pipes' other ends
  thread_.join();
  for (Stream& stream : streams_) {
    ::close(stream.original);
    ::close(stream.pipe);
  }
}

void Output::forward() {
  pollfd ends[2] = {{streams_[0].pipe, POLLIN, 0}, {streams_[1].pipe, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (::poll(ends, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i)
      if (ends[i].revents != 0 && !take(streams_[i])) ends[i].fd = -1;
  }
}

// False at the end, when what is left is no whole line.
bool Output::take(Stream& stream) {
  char buffer[4096];
  ssize_t count = ::read(stream.pipe, buffer, sizeof buffer);
  if (count > 0) stream.line.append(buffer, static_cast<std::size_t>(count));
  if (count <= 0 && !stream.line.empty()) stream.line += '\n';
  for (std::size_t end; (end = stream.line.find('\n')) != std::string::npos; stream.line.erase(0, end + 1))
    write_all(stream.original, tag_ + stream.line.substr(0, end + 1));
  return count > 0;
}

}  // namespace gluster::entry
