// What `bench/run call` measures across ranks. Each reports its figures as they come; rank 0 calls them, the others follow().
#pragma once
#include "call/acts.hpp"
#include "call/effort.hpp"
#include "figure.hpp"
#include "stage.hpp"

namespace bench {

/// Empty calls, one at a time, with arguments of several sizes.
void round_trips(const Stage& stage, const Effort& effort, Report& report);
/// Empty calls a second, with several on their way at a time.
void rates(const Stage& stage, const Effort& effort, Report& report);
/// Large arrays in and out, and a map.
void transfers(const Stage& stage, const Effort& effort, Report& report);
/// What a runner keeps of large arguments and results.
void memory(const Stage& stage, const Effort& effort, Report& report);
/// What ranks use that have nothing to do, and how soon they are awake.
void rest(const Stage& stage, const Effort& effort, Report& report);
/// From a file's name to the first call's value, built and source. `scratch` is a directory for what is made on the way.
void imports(const Stage& stage, const Effort& effort, Report& report, const std::string& scratch);

}  // namespace bench
