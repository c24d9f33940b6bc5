# shellcheck shell=bash
# data on the nodes: shared data, maps, uneven tasks, traces, journals, matrix products, overlap
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

# shellcheck disable=SC2034  # bench/run reads it
declare -A takes=([smoke]=65 [quick]=130 [default]=395 [full]=1200)

describe() {
  cat <<END
Gluster / what is done by hand: the name says which. In turn on the same ranks of one run; both at MPI_THREAD_SERIALIZED. A value is
the median of all rounds, a ratio the median of the rounds' own. More in bench/README.md.
  128 MiB   until every runner has used it: its last element, or (read) all of it. first: into memory that nobody has touched
  memory    what all ranks have more then, each page once
  items     farm: chunks as large as is best, found by trying, and one ahead; split: one chunk a worker
  tasks     the ideal is the sum divided by the workers. sleeps: tasks that take no core, where there are more workers than cores
  multiply  all cores, unbound; by hand half of them on each of two ranks. Without "in place" A and B are in vectors, and C comes to
            one; in place, all three lie in node memory, or in a shared window. master too: it computes on half of the cores
  traced    with Options::trace: whole sessions, with the trace's way to its file, beside such without
  journalled  with MapOptions::journal: until the last value is on disk and given out, beside a map that keeps nothing
  16 calls  whose data is on its way while one computes, as long as one way takes or 4; the longer: of all ways, and all kernels
END
}

measure() {
  local program=("$build/bench/bench_data" "$effort" "$samples")
  mpi 2 "${program[@]}" shares node_memory maps
  mpi 3 "${program[@]}" shares node_memory maps tasks # two workers
  mpi 5 "${program[@]}" shares node_memory tasks      # four
  mpi 2 "${program[@]}" "traces:$scratch/trace.json" "journals:$scratch/journal"
  unbound 2 "${program[@]}" products overlap
  on_hosts 'unlimited'
  on_hosts '1 Gbit/s' --rate 1gbit
}

# unbound RANKS PROGRAM ARGUMENT...: each rank has all cores.
unbound() {
  local ranks=$1
  shift
  (
    mpi_environment "$ranks"
    alone mpirun -n "$ranks" --map-by :OVERSUBSCRIBE --bind-to none "$@"
  )
}

# on_hosts LABEL [OPTION...]: five virtual hosts with a rank each, where they can be made.
on_hosts() {
  local label=$1 status=0
  shift
  (
    mpi_environment 5
    "$root/tests/hosts/run" --hosts 5 --slots 1 --limit "$limit" "$@" \
      mpirun -n 5 --bind-to none "$build/bench/bench_data" "$effort" "$samples" "hosts:$label"
  ) || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || fail "exit status $status (124: it took more than $limit s) of share to hosts, $label"
}
