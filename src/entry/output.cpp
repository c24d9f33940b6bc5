#include "entry/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace gluster::entry {
namespace {

// For drain(), which a signal handler calls with nothing in its hands.
std::atomic<int> open_pipe = -1, open_original = -1;

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

// `lines` with `tag` before each.
std::string tagged(std::string_view lines, const std::string& tag) {
  std::string text;
  for (std::size_t from = 0, end; from < lines.size(); from = end + 1) {
    end = lines.find('\n', from);
    text.append(tag).append(lines.substr(from, end + 1 - from));
  }
  return text;
}

}  // namespace

Output::Output(std::string tag, std::function<void(std::string)> forward) : tag_(std::move(tag)), forward_(std::move(forward)) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  flush_all();
  if (forward_ || !tag_.empty()) capture(STDOUT_FILENO);
  if (!tag_.empty()) capture(STDERR_FILENO);
  if (streams_.empty()) return;
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  open_pipe.store(streams_.front().pipe);
  open_original.store(streams_.front().original);
  thread_ = std::thread([this] { run(); });
}

Output::~Output() { close(); }

void Output::capture(int number) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return;
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  Stream& stream = streams_.emplace_back(Stream{number, ::fcntl(number, F_DUPFD_CLOEXEC, 3), pipe[0], {}});
  ::dup2(pipe[1], stream.number);
  ::close(pipe[1]);
}

void Output::close() {
  flush_all();
  if (!thread_.joinable()) return;
  open_pipe.store(-1);
  for (Stream& stream : streams_) ::dup2(stream.original, stream.number);
  // The pipes may have other writers, a kernel's children: what is in them now is all that is waited for.
  std::uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) > 0) thread_.join();
  for (Stream& stream : streams_) {
    ::close(stream.original);
    ::close(stream.pipe);
  }
  ::close(wake_);
}

void Output::drain() {
  int pipe = open_pipe.load();
  if (pipe < 0) return;
  char buffer[4096];
  for (ssize_t count; (count = ::read(pipe, buffer, sizeof buffer)) > 0;) write_all(open_original.load(), {buffer, static_cast<std::size_t>(count)});
}

void Output::run() {
  pthread_setname_np(pthread_self(), "gluster-output");
  std::vector<pollfd> ends = {{wake_, POLLIN, 0}};
  for (const Stream& stream : streams_) ends.push_back({stream.pipe, POLLIN, 0});
  while (ends[0].revents == 0) {
    if (::poll(ends.data(), ends.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (ends[i + 1].revents != 0 && !take(streams_[i])) ends[i + 1].fd = -1;  // nobody can write there any more
  }
  for (Stream& stream : streams_) {
    while (take(stream)) continue;
    if (!stream.text.empty()) send(stream, stream.text + '\n');
  }
}

// False when there is nothing.
bool Output::take(Stream& stream) {
  char buffer[16384];
  ssize_t count = ::read(stream.pipe, buffer, sizeof buffer);
  if (count <= 0) return false;
  stream.text.append(buffer, static_cast<std::size_t>(count));
  std::size_t whole = stream.text.rfind('\n') + 1;  // 0: no line has ended yet
  if (whole != 0) send(stream, stream.text.substr(0, whole));
  stream.text.erase(0, whole);
  return true;
}

void Output::send(const Stream& stream, std::string lines) {
  if (!tag_.empty()) lines = tagged(lines, tag_);
  if (forward_ && stream.number == STDOUT_FILENO) forward_(std::move(lines));
  else write_all(stream.original, lines);
}

}  // namespace gluster::entry
