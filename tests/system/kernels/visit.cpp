// A kernel that leaves a trace of each call, and takes a while.
#include <gluster/plugin.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

/// Adds a line to `file`, in one write, and sleeps.
std::int64_t visit(std::int64_t number, const std::string& file, std::int64_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  const std::string line = std::to_string(number) + "\n";
  const int log = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (log < 0 || ::write(log, line.data(), line.size()) < 0) throw std::runtime_error("cannot write " + file);
  ::close(log);
  return number * number;
}
std::string shout(const std::string& text) {
  if (text == "no") throw std::invalid_argument("nothing to shout");
  return text + "!";
}

double mean(std::span<const std::int64_t> numbers) {
  double sum = 0;
  for (std::int64_t number : numbers) sum += static_cast<double>(number);
  return sum / static_cast<double>(numbers.size());
}

/// That a kernel gets, whatever is asked.
std::int64_t threads(std::int64_t) {
  std::int64_t count = 0;
#pragma omp parallel reduction(+ : count)
  count += 1;
  return count;
}

GLUSTER_EXPORT(visit)
GLUSTER_DOC(visit, "The square of a number.\nA line of the file tells of each call.", "number", "file", "milliseconds")
GLUSTER_EXPORT(shout)
GLUSTER_EXPORT(mean)
/// Its parameters have brackets in their types.
double along(std::int64_t number, const std::pair<double, double>& line) { return line.first + line.second * static_cast<double>(number); }

GLUSTER_EXPORT(along)
GLUSTER_EXPORT(threads)
