#include <cstdio>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "commands.hpp"

namespace gluster::command {

namespace {

// What cannot be said is no error of its own.
void say(const std::exception& error) { std::fputs(fmt::format("gluster: {}\n", error.what()).c_str(), stderr); }

}  // namespace

int tell_errors(const std::function<int()>& what) {
  try {
    return what();
  } catch (const Cancelled&) {  // the run is being ended: launch() knows what to do
    throw;
  } catch (const UsageError& error) {
    say(error);
    return kWrongWords;
  } catch (const std::exception& error) {
    say(error);
    return kFailed;
  }
}

}  // namespace gluster::command
