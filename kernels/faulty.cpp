// Fails in every way a kernel can: for tests of what becomes of the caller, the runner and the run.
#include <gluster/plugin.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

// Volatile, here and below: the compiler may assume that none of this happens, and would leave it out.

void throws(const std::string& what) { throw std::runtime_error(what); }

void throws_int() { throw 42; }

void throws_type(const std::string& type) {
  if (type == "std::bad_alloc") throw std::bad_alloc();
  if (type == "std::domain_error") throw std::domain_error("not in the domain");
  if (type == "std::length_error") throw std::length_error("too long");
  if (type == "std::logic_error") throw std::logic_error("not logical");
  if (type == "std::out_of_range") throw std::out_of_range("out of range");
  if (type == "std::overflow_error") throw std::overflow_error("too large");
  if (type == "std::system_error") throw std::system_error(ENOSPC, std::generic_category(), "write");
  throw std::invalid_argument("throws_type does not know " + type);
}

std::int64_t wrong_value() { return 41; }

void sleeps(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

std::int64_t eats(std::int64_t bytes) {
  const std::unique_ptr<char[]> memory(new char[static_cast<std::size_t>(bytes)]);
  volatile char* touched = memory.get();
  for (std::int64_t at = 0; at < bytes; at += 4096) touched[at] = 1;
  return bytes;
}

gluster::Block<std::uint8_t> returns_bytes(std::int64_t n) {
  if (n < 0) throw std::invalid_argument("returns_bytes: " + std::to_string(n));
  gluster::Block<std::uint8_t> bytes(static_cast<std::size_t>(n));
  for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::uint8_t>(at);
  return bytes;
}

void crashes(int signal) {
  int* volatile nowhere = nullptr;
  if (signal == SIGSEGV) *nowhere = 1;
  raise(signal);
}

void exits(int status) { std::exit(status); }

void quick_exits(int status) { _exit(status); }

void kills() { kill(getpid(), SIGKILL); }

void aborts() { std::abort(); }

void prints(const std::string& text) { std::fputs(text.c_str(), stdout); }

// What a child of a kernel does is no business of its runner.
int child_exits(int status) {
  const pid_t child = fork();
  if (child == 0) std::exit(status);
  int ended = -1;
  waitpid(child, &ended, 0);
  return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

int child_crashes(int signal) {
  const pid_t child = fork();
  if (child == 0) raise(signal);
  int ended = -1;
  waitpid(child, &ended, 0);
  return WIFSIGNALED(ended) ? WTERMSIG(ended) : -1;
}

int leaves_child(double seconds) { return std::system(("sleep " + std::to_string(seconds) + " 2>/dev/null &").c_str()); }

// Returns if the stack holds `depth` frames of 1 KiB, which no stack does for a depth of billions.
[[gnu::noinline]] std::int64_t descend(std::int64_t depth) {
  volatile char frame[1024];
  frame[0] = 1;
  return depth == 0 ? 0 : descend(depth - 1) + frame[0];
}

std::int64_t stack() { return descend(std::int64_t{1} << 60); }

void out_of_memory() {
  const volatile std::size_t absurd = std::size_t{1} << 62;
  char* volatile memory = new char[absurd];
  delete[] memory;
}

GLUSTER_EXPORT(throws)
GLUSTER_DOC(throws, "Throws std::runtime_error with this text.", "what")
GLUSTER_EXPORT(throws_int)
GLUSTER_DOC(throws_int, "Throws 42, which is no std::exception.")
GLUSTER_EXPORT(throws_type)
GLUSTER_DOC(throws_type, "Throws the standard exception of this name, such as std::out_of_range.", "type")
GLUSTER_EXPORT(wrong_value)
GLUSTER_DOC(wrong_value, "Should return 42, and quietly returns 41.")
GLUSTER_EXPORT(sleeps)
GLUSTER_DOC(sleeps, "Sleeps, without using a core.", "seconds")
GLUSTER_EXPORT(eats)
GLUSTER_DOC(eats, "Allocates and touches this much memory, frees it and returns its argument.", "bytes")
GLUSTER_EXPORT(returns_bytes)
GLUSTER_DOC(returns_bytes, "Returns n bytes: 0, 1, ... 255, 0, ...", "n")
GLUSTER_EXPORT(crashes)
GLUSTER_DOC(crashes, "Raises a signal; 11 comes from a real write to a null pointer.", "signal")
GLUSTER_EXPORT(exits)
GLUSTER_DOC(exits, "Calls exit().", "status")
GLUSTER_EXPORT(quick_exits)
GLUSTER_DOC(quick_exits, "Calls _exit(): no handler, no flush.", "status")
GLUSTER_EXPORT(kills)
GLUSTER_DOC(kills, "Sends SIGKILL to its own process.")
GLUSTER_EXPORT(aborts)
GLUSTER_DOC(aborts, "Calls abort().")
GLUSTER_EXPORT(child_exits)
GLUSTER_DOC(child_exits, "A child process of the kernel calls exit(); returns its status.", "status")
GLUSTER_EXPORT(child_crashes)
GLUSTER_DOC(child_crashes, "A child process of the kernel dies of this signal; returns it.", "signal")
GLUSTER_EXPORT(leaves_child)
GLUSTER_DOC(leaves_child, "Starts a process that goes on, with the standard output of the kernel, for so long.", "seconds")
GLUSTER_EXPORT(prints)
GLUSTER_DOC(prints, "Writes this text to standard output, as it is: no line end is added, and nothing is flushed.", "text")
GLUSTER_EXPORT(stack)
GLUSTER_DOC(stack, "Recurses until the stack is spent.")
GLUSTER_EXPORT(out_of_memory)
GLUSTER_DOC(out_of_memory, "Throws std::bad_alloc, by asking for more memory than there are addresses.")
