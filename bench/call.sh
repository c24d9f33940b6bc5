# shellcheck shell=bash
# a call: round trip, calls a second, large data in and out, memory, rest, imports
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

# shellcheck disable=SC2034  # bench/run reads it
declare -A takes=([smoke]=25 [quick]=55 [default]=180 [full]=600)

describe() {
  cat <<END
Gluster against raw MPI, both at MPI_THREAD_SERIALIZED, in turn on the same two ranks of one run. A value is the median of all
rounds, a ratio the median of the rounds' own (Gluster's value by raw MPI's), and the budget is for that. Each rank is bound to a
core of its own. Baselines: blocking MPI_Send/MPI_Recv of as many bytes each way as Gluster sends; a bare master-worker loop;
MPI_Recv into a warm buffer (span, Block) or a fresh vector; a map packed by hand; the same runner's memory before; the compiler
and dlopen by hand. More in bench/README.md.
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
