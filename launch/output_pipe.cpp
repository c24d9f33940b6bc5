#include "output_pipe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <fmt/format.h>
#include <gluster/error.hpp>

namespace gluster::command {

OutputPipe::OutputPipe() : bytes_(std::size_t{1} << 16) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  in_ = ends[0];
  out_ = ends[1];
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
  struct stat its {};
  is_file_ = ::fstat(STDOUT_FILENO, &its) == 0 && S_ISREG(its.st_mode);
}

OutputPipe::~OutputPipe() {
  ::close(in_);
  if (out_ >= 0) ::close(out_);
}

void OutputPipe::become_stdout() const noexcept { ::dup2(out_, STDOUT_FILENO); }

void OutputPipe::child_is_there() noexcept {
  ::close(out_);
  out_ = -1;
}

pollfd OutputPipe::wanted() const noexcept {
  if (begin_ != end_) return {STDOUT_FILENO, POLLOUT, 0};
  return {has_ended_ ? -1 : in_, POLLIN, 0};
}

void OutputPipe::read_some() noexcept {
  const ssize_t count = ::read(in_, bytes_.data(), bytes_.size());
  if (count == 0) has_ended_ = true;
  if (count <= 0) return;
  begin_ = 0;
  end_ = static_cast<std::size_t>(count);
}

void OutputPipe::pass() noexcept {
  if (begin_ == end_) read_some();
  if (begin_ == end_) return;
  pollfd place{STDOUT_FILENO, POLLOUT, 0};
  if (refused_ == 0 && ::poll(&place, 1, 0) == 0) return;
  // So much a pipe that has room takes at once.
  const std::size_t most = is_file_ ? end_ - begin_ : std::min<std::size_t>(PIPE_BUF, end_ - begin_);
  const ssize_t count = refused_ != 0 ? static_cast<ssize_t>(most) : ::write(STDOUT_FILENO, bytes_.data() + begin_, most);
  if (count >= 0) begin_ += static_cast<std::size_t>(count);
  else if (errno != EINTR && errno != EAGAIN) refused_ = errno;
}

bool OutputPipe::is_empty() noexcept {
  if (begin_ == end_) read_some();
  return begin_ == end_;
}

}  // namespace gluster::command
