#include "master/trace.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "master/kernel_entry.hpp"

namespace gluster::master {
namespace {

// Shorter ones are not seen beside what they wait for.
constexpr std::chrono::microseconds kShortestWait{10};

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace

Trace::Trace(const std::filesystem::path& file) : path_(std::filesystem::absolute(file)), file_(path_) {
  if (!file_) throw UsageError(fmt::format("the trace cannot be written to {} (Options::trace, GLUSTER_TRACE): {}", path_, std::strerror(errno)));
}

void Trace::ended(const JobState::Call& call, bool failed) {
  if (call.started == Clock::time_point()) return;
  if (calls_.size() == kMost) return void(++more_calls_);
  calls_.push_back({&call.kernel->name, call.number, call.frame.body.size() + call.bytes, call.result_bytes, call.runner, call.attempt, failed,
                    call.queued, call.sent, call.started, call.finished, call.compute_nanoseconds});
}

void Trace::waited(Clock::time_point from, Clock::time_point to) {
  if (to - from < kShortestWait) return;
  std::lock_guard lock(mutex_);
  if (waits_.size() < kMost) waits_.push_back({static_cast<int>(::syscall(SYS_gettid)), from, to});
}

void Trace::write_event(char phase, const char* name, const Call& call, Clock::time_point when) {
  fmt::print(file_,
             ",\n"
             R"({{"ph":"{}","cat":"call","name":"{}","id":{},"pid":{},"tid":0,"ts":{:.3f}}})",
             phase, name, call.number, call.rank, microseconds(when));
}

void Trace::write_call(const Call& call) {
  const Clock::time_point started = std::max(call.started, call.sent);  // the runner's clock is known to some microseconds only
  const Clock::time_point computed = started + std::chrono::nanoseconds(call.compute);
  auto span = [&](const char* name, Clock::time_point from, Clock::time_point to) {
    write_event('b', name, call, from);
    write_event('e', name, call, std::max(from, to));
  };
  span("queued", call.queued, call.sent);
  span("sending", call.sent, started);
  fmt::print(file_,
             ",\n"
             R"({{"ph":"X","cat":"call","name":{},"pid":{},"tid":0,"ts":{:.3f},"dur":{:.3f},)"
             R"("args":{{"call":{},"attempt":{},"bytes in":{},"bytes out":{},"failed":{}}}}})",
             quoted(*call.kernel), call.rank, microseconds(started), static_cast<double>(call.compute) / 1e3, call.number, call.attempt,
             call.bytes_in, call.bytes_out, call.failed);
  span("returning", computed, call.finished);
}

void Trace::write(const std::vector<RunnerInfo>& runners) noexcept {
  try {
    std::lock_guard lock(mutex_);
    fmt::print(file_, R"({{"displayTimeUnit":"ms","otherData":{{"calls left out":{}}},"traceEvents":[)", more_calls_);
    fmt::print(file_,
               "\n"
               R"({{"ph":"M","name":"process_name","pid":0,"args":{{"name":"rank 0, the master"}}}})");
    for (const RunnerInfo& runner : runners)
      if (runner.rank != 0)
        fmt::print(file_,
                   ",\n"
                   R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})",
                   runner.rank, quoted(fmt::format("rank {} ({})", runner.rank, runner.host)));
    for (const Wait& wait : waits_)
      fmt::print(file_,
                 ",\n"
                 R"({{"ph":"X","cat":"master","name":"waiting","pid":0,"tid":{},"ts":{:.3f},"dur":{:.3f}}})",
                 wait.thread, microseconds(wait.from), microseconds(wait.to) - microseconds(wait.from));
    for (const Call& call : calls_) write_call(call);
    file_ << "\n]}\n" << std::flush;
    if (!file_) base::log().error("the trace in {} is not whole: {}", path_, std::strerror(errno));
    if (more_calls_ != 0) base::log().warn("the trace in {} has {} calls; {} more are left out", path_, calls_.size(), more_calls_);
  } catch (const std::exception& error) {
    base::log().error("the trace in {} is not whole: {}", path_, error.what());
  }
}

}  // namespace gluster::master
