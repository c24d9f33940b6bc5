#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

/// What can go wrong, sorted by who must act (the idea is KJ's: an error is for its reader).
///
/// Every exception is immutable and may be read on any thread. `what()` is one or more whole sentences; where a
/// kernel was involved they name it, its runner's rank and host, and the attempt.
namespace gluster {

#define GLUSTER_PUBLIC __attribute__((visibility("default")))

class GLUSTER_PUBLIC Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller must act: the call is wrong, and a retry would fail the same way.
class GLUSTER_PUBLIC UsageError : public Error {
 public:
  using Error::Error;
};

/// Whoever built the plugin must act: it cannot be loaded, or its source does not compile (then the compiler's output is in `what()`).
class GLUSTER_PUBLIC PluginError : public Error {
 public:
  using Error::Error;
};

/// Whoever made the bytes or the file must act: a malformed frame, a truncated file.
class GLUSTER_PUBLIC DataError : public Error {
 public:
  using Error::Error;
};

/// The caller asked for it with `Job::cancel`, or let the `Cluster` end before the call was sent.
class GLUSTER_PUBLIC Cancelled : public Error {
 public:
  using Error::Error;
};

/// The caller asked for it with a time limit.
class GLUSTER_PUBLIC TimedOut : public Error {
 public:
  using Error::Error;
};

/// Where a call was running.
struct CallSite {
  std::string kernel;  ///< `stem.function`
  int rank = -1;       ///< the runner's rank in the cluster's communicator
  std::string host;
  int attempt = 1;         ///< 1 for the first
  std::int64_t item = -1;  ///< the input's place, in a map
};

/// An error that happened while a kernel ran.
class GLUSTER_PUBLIC CallError : public Error {
 public:
  CallError(const std::string& what, CallSite site) : Error(what), site_(std::move(site)) {}
  const CallSite& site() const noexcept { return site_; }

 private:
  CallSite site_;
};

/// The kernel's author must act: it threw.
class GLUSTER_PUBLIC KernelError : public CallError {
 public:
  KernelError(const std::string& what, CallSite site, std::string type, std::string message)
      : CallError(what, std::move(site)), type_(std::move(type)), message_(std::move(message)) {}

  /// The exception's C++ type as one writes it, e.g. `std::out_of_range`.
  const std::string& type() const noexcept { return type_; }
  /// The exception's own `what()`; empty when it does not derive from `std::exception`.
  const std::string& message() const noexcept { return message_; }

 private:
  std::string type_;
  std::string message_;
};

/// The kernel's author must act: it died or called `exit`.
class GLUSTER_PUBLIC KernelCrash : public CallError {
 public:
  KernelCrash(const std::string& what, CallSite site, int signal) : CallError(what, std::move(site)), signal_(signal) {}
  /// The signal's number; 0 when the kernel called `exit`.
  int signal() const noexcept { return signal_; }

 private:
  int signal_;
};

/// Nobody must act: a runner was lost, and the retries are spent.
class GLUSTER_PUBLIC RunnerLost : public CallError {
 public:
  using CallError::CallError;
};

}  // namespace gluster
