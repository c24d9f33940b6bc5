#include "master/trace.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "master/kernel_entry.hpp"

namespace gluster::master {
namespace {

// Shorter ones are not seen beside what they wait for.
constexpr std::chrono::microseconds kShortestWait{10};
constexpr std::size_t kTextAtOnce = std::size_t{64} << 10;

// As the format has times. Two whole numbers are printed in a fraction of the time that one with a fraction takes.
struct Microseconds {
  explicit Microseconds(Clock::duration time) : whole(time.count() / 1000), thousandths(time.count() % 1000) {}
  std::int64_t whole, thousandths;
};
static_assert(std::is_same_v<Clock::duration, std::chrono::nanoseconds>);

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
  const Microseconds at(when - begin_);
  print(FMT_COMPILE(",\n"
                    R"({{"ph":"{}","cat":"call","name":"{}","id":{},"pid":{},"tid":0,"ts":{}.{:03}}})"),
        phase, name, call.number, call.rank, at.whole, at.thousandths);
}

void Trace::write_call(const Call& call, const std::string& kernel) {
  const Clock::time_point started = std::max(call.started, call.sent);  // the runner's clock is known to some microseconds only
  const std::chrono::nanoseconds compute(call.compute);
  const Microseconds at(started - begin_), length(compute);
  auto span = [&](const char* name, Clock::time_point from, Clock::time_point to) {
    write_event('b', name, call, from);
    write_event('e', name, call, std::max(from, to));
  };
  span("queued", call.queued, call.sent);
  span("sending", call.sent, started);
  print(FMT_COMPILE(",\n"
                    R"({{"ph":"X","cat":"call","name":{},"pid":{},"tid":0,"ts":{}.{:03},"dur":{}.{:03},)"
                    R"("args":{{"call":{},"attempt":{},"bytes in":{},"bytes out":{},"failed":{}}}}})"),
        kernel, call.rank, at.whole, at.thousandths, length.whole, length.thousandths, call.number, call.attempt, call.bytes_in, call.bytes_out,
        call.failed);
  span("returning", started + compute, call.finished);
}

// Not line by line: a trace is to cost less than a hundredth of a run, and so is writing it.
template <class Format, class... T>
void Trace::print(const Format& format, const T&... values) {
  fmt::format_to(std::back_inserter(text_), format, values...);
  if (text_.size() >= kTextAtOnce) write_out();
}

void Trace::write_out() {
  file_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
  text_.clear();
}

void Trace::write(const std::vector<RunnerInfo>& runners) noexcept {
  try {
    std::lock_guard lock(mutex_);
    print(FMT_COMPILE(R"({{"displayTimeUnit":"ms","otherData":{{"calls left out":{}}},"traceEvents":[)"), more_calls_);
    print(
        FMT_COMPILE("\n"
                    R"({{"ph":"M","name":"process_name","pid":0,"args":{{"name":"rank 0, the master"}}}})"));
    for (const RunnerInfo& runner : runners)
      if (runner.rank != 0)
        print(FMT_COMPILE(",\n"
                          R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})"),
              runner.rank, quoted(fmt::format("rank {} ({})", runner.rank, runner.host)));
    for (const Wait& wait : waits_) {
      const Microseconds at(wait.from - begin_), length(wait.to - wait.from);
      print(FMT_COMPILE(",\n"
                        R"({{"ph":"X","cat":"master","name":"waiting","pid":0,"tid":{},"ts":{}.{:03},"dur":{}.{:03}}})"),
            wait.thread, at.whole, at.thousandths, length.whole, length.thousandths);
    }
    std::map<const std::string*, std::string> kernels;
    for (const Call& call : calls_) {
      std::string& kernel = kernels[call.kernel];
      if (kernel.empty()) kernel = quoted(*call.kernel);
      write_call(call, kernel);
    }
    print(FMT_COMPILE("\n]}}\n"));
    write_out();
    file_.flush();
    if (!file_) base::log().error("the trace in {} is not whole: {}", path_, std::strerror(errno));
    if (more_calls_ != 0) base::log().warn("the trace in {} has {} calls; {} more are left out", path_, calls_.size(), more_calls_);
  } catch (const std::exception& error) {
    base::log().error("the trace in {} is not whole: {}", path_, error.what());
  }
}

}  // namespace gluster::master
