#include <fmt/format.h>
#include <gluster/error.hpp>

#include "commands.hpp"

namespace gluster::command {

int tell_errors(const std::function<int()>& what) {
  try {
    return what();
  } catch (const Cancelled&) {  // the run is being ended: launch() knows what to do
    throw;
  } catch (const UsageError& error) {
    fmt::print(stderr, "gluster: {}\n", error.what());
    return kWrongWords;
  } catch (const std::exception& error) {
    fmt::print(stderr, "gluster: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace gluster::command
