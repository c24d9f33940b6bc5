# shellcheck shell=bash
# a call: its round trip, calls a second, large data in and out, rest, memory, imports
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

# shellcheck disable=SC2034  # bench/run reads it
declare -A takes=([quick]=50 [default]=180 [full]=600)

describe() {
  cat <<END
Gluster against raw MPI, both at MPI_THREAD_SERIALIZED, in turn on the same two ranks of one run. A value is the median of all
rounds, a ratio the median of the rounds' own (Gluster's value by raw MPI's), and the budget is for that. Each rank is bound to a
core of its own. Where raw MPI itself changes by a factor of two from run to run, the machine does: virtual cores move.
END
  if [ "$(cores)" -lt 3 ]; then
    echo "Two runners make three ranks, for which this machine has not cores enough: they share them, unbound, and yield."
  fi
}

measure() {
  alone "$build/bench/bench_call_inside" "$effort" "$samples"
  mpi 2 "$build/bench/bench_call" "$effort" "$samples" "$scratch"
  mpi 3 "$build/bench/bench_call" "$effort" "$samples" "$scratch" rates
}
