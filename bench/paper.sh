# shellcheck shell=bash
# the paper's tables and figures again, beside MPI + OpenMP; writes results/MACHINE/DATE
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

has_figures=no

describe() {
  cat <<END
Table 1, Table 2 with Figures 3 and 4, Figure 5, and what the paper claims in words; medians of $rounds rounds or more as they come, in seconds.
  nodes     $(describe_nodes)
  R         the paper's links are not told: like 1 Gbit/s or 10 Gbit/s for nodes of its speed, which are faster or slower here as the nodes are
  alone     the kernel by itself on one such node; Gluster has a runner a node and the master on the first, MPI a rank a node
END
  local title
  for title in "${left_out[@]}"; do printf '  left out  %s\n' "$title"; done
}

describe_nodes() {
  if [ "$nodes" = slurm ]; then
    echo "the allocation's: ${hosts[*]}"
  else
    echo 'virtual hosts in slow motion: so many that all together have 1.6 cores, in turns of 1 ms; whole cores for Table 1 and the claims'
  fi
}

# --- what is done, and what there is time for ---------------------------------------------------------------------------

rounds=5
# On nodes in slow motion one start may be twice as fast as the next: the rounds of a point come from several.
starts=2 rounds_a_start=3
copies=(1 10 100)
all=(1 2 4 8 16) # nodes
case $effort in
  smoke) rounds=2 starts=1 rounds_a_start=2 copies=(1) all=(1 2) ;;
  quick) copies=(1) all=(1 2 4 8) ;;
esac

steps() {
  case $effort in
    smoke)
      step 3 'Table 1, n = 96' table1 96 "$rounds" multiply_naive multiply_naive_i64
      step 5 'one node with and without the library' library 96 multiply
      step 3 'a built plugin and a source' plugins 1
      step 12 "the model's numbers" overheads
      step 10 'Figure 5' words 1gbit 2
      step 15 'Table 2, n = 96' products multiply 96 1gbit 2 "${all[@]}"
      ;;
    quick)
      step 75 'Table 1, n = 1024' table1 1024 "$rounds" multiply_naive multiply_naive_i64 multiply
      step 10 'one node with and without the library, n = 1024' library 1024 multiply
      step 10 'a built plugin and a source' plugins 3
      step 25 "the model's numbers" overheads
      step 40 'Figure 5, one copy, all threads' words 1gbit 2
      step 60 'Table 2, n = 1024 by the quick kernel, all threads, R = 1 Gbit/s' products multiply 1024 1gbit 2 "${all[@]}"
      step 60 'Table 2, n = 1024 by the quick kernel, one thread, R = 1 Gbit/s' products multiply 1024 1gbit 1 "${all[@]}"
      ;;
    *)
      step 75 'Table 1, n = 1024' table1 1024 "$rounds" multiply_naive multiply_naive_i64 multiply
      step 20 'Table 1, n = 4096 by the quick kernel' table1 4096 "$rounds" multiply
      step 110 'one node with and without the library' library_of_sizes
      step 15 'a built plugin and a source' plugins 5
      step 25 "the model's numbers" overheads
      step 1300 'Figure 5, all threads, R = 1 Gbit/s' words 1gbit 2
      step 350 'Figure 3, n = 4096, one thread, R = 1 Gbit/s, 1, 2 and 8 nodes' products multiply 4096 1gbit 1 1 2 8
      step 350 'Figure 4, n = 4096, all threads, R = 1 Gbit/s, 1, 2 and 8 nodes' products multiply 4096 1gbit 2 1 2 8
      step 250 'OpenBLAS, n = 4096, all threads, R = 1 Gbit/s, 8 nodes' products multiply_blas 4096 1gbit 2 8
      step 1300 'Table 2, n = 1024, one thread, R = 1 Gbit/s' products multiply_naive 1024 1gbit 1 "${all[@]}"
      step 2000 'Table 2, n = 1024, all threads, R = 1 Gbit/s' products multiply_naive 1024 1gbit 2 "${all[@]}"
      step 350 'Figure 3, R = 10 Gbit/s' products multiply 4096 10gbit 1 1 2 8
      step 350 'Figure 4, R = 10 Gbit/s' products multiply 4096 10gbit 2 1 2 8
      if [ "$effort" = full ]; then
        step 1300 'Table 2, n = 1024, one thread, R = 10 Gbit/s' products multiply_naive 1024 10gbit 1 "${all[@]}"
        step 1300 'Table 2, n = 1024, all threads, R = 10 Gbit/s' products multiply_naive 1024 10gbit 2 "${all[@]}"
        step 1300 'Figure 5, all threads, R = 10 Gbit/s' words 10gbit 2
        step 750 'Figure 3, n = 4096 with 16 nodes' products multiply 4096 1gbit 1 1 2 8 16
        step 750 'Figure 4, n = 4096 with 16 nodes' products multiply 4096 1gbit 2 1 2 8 16
        step 120 'Table 1, n = 8192 by the quick kernel' table1 8192 "$rounds" multiply
      fi
      step 2000 'Table 1, n = 4096 by the plain loop, one round' table1 4096 1 multiply_naive multiply_naive_i64
      if [ "$effort" = full ]; then step 16000 'Table 1, n = 8192 by the plain loop, one round' table1 8192 1 multiply_naive multiply_naive_i64; fi
      ;;
  esac
}

# step SECONDS TITLE FUNCTION WORD...: planned first, then done. What there is no time for, or what cannot be done here, is left out, and that is said.
planning=yes
seconds_planned=0
left_out=()
step() {
  local seconds=$1 title=$2 began=$SECONDS
  shift 2
  if [ "$nodes" = none ] && [[ $1 =~ ^(words|products|overheads)$ ]]; then
    if [ $planning = yes ]; then left_out+=("$title: no virtual hosts here"); fi
  elif [ -n "$minutes" ] && [ $((seconds_planned + seconds)) -gt $((minutes * 60)) ]; then
    if [ $planning = yes ]; then left_out+=("$title: $seconds s"); fi
  else
    seconds_planned=$((seconds_planned + seconds))
    [ $planning = no ] || return 0
    say "$title ($seconds s)"
    "$@" || {
      say "that has failed, and is left out: $title" >&2
      left_out+=("$title: it failed")
    }
    say "that took $((SECONDS - began)) s"
  fi
}

measure() {
  planning=no seconds_planned=0
  steps
  local directory=${results:-} joined
  if [ -z "$directory" ]; then
    directory=$root/results/$machine/$(date +%F)
    [ ! -e "$directory" ] || directory+=-$(date +%H%M)
  fi
  joined=$(printf '%s; ' "${left_out[@]}")
  [ -s "$scratch/runs" ] || fail 'nothing could be measured'
  machine_facts >"$scratch/machine"
  mapfile -t facts <"$scratch/machine"
  if [ ${#left_out[@]} -gt 0 ]; then facts+=("left_out=${joined%; }"); fi
  "$build/bench/bench_report" write "$directory" "$scratch/runs" "${facts[@]}" || fail 'the results could not be written'
  say "the page is $directory/README.md"
  if printf '%s\n' "${left_out[@]}" | grep -q 'it failed$'; then return 1; fi
}

# --- the experiments ----------------------------------------------------------------------------------------------------

# keep FACT=VALUE...: what a contestant has printed.
keep() { "$build/bench/bench_report" add "$scratch/runs" "$@"; }

table1() {  # N ROUNDS KERNEL...
  local n=$1 rounds=$2 kernel
  shift 2
  for kernel; do
    here 1 matmul_openmp "$n" "$rounds" "$kernel" | keep part=table1 mode=serial node_threads=1 || return
    here "$(cores)" matmul_openmp "$n" "$rounds" "$kernel" | keep part=table1 mode=threads node_threads="$(cores)" || return
  done
}

# One process on this machine, no MPI.
here() { OMP_NUM_THREADS=$1 alone "$build/bench/baselines/$2" "${@:3}"; }

library_of_sizes() {
  library 1024 multiply && library 4096 multiply && library 1024 multiply_naive
}

library() {  # N KERNEL
  local start threads
  for threads in 1 "$(cores)"; do
    for start in 1 2; do
      here "$threads" matmul_openmp "$1" "$rounds" "$2" | keep part=library node_threads="$threads" || return
      with_library "$threads" "$1" "$2" from_vectors || return
      with_library "$threads" "$1" "$2" in_place || return
    done
  done
}

with_library() {  # THREADS N KERNEL WAY
  OMP_NUM_THREADS=$1 alone mpirun -n 2 --map-by :OVERSUBSCRIBE --bind-to none "$build/bench/gluster_product" "$2" "$rounds" "$3" "$4" |
    keep part=library node_threads="$1"
}

plugins() {  # STARTS
  local start
  for ((start = 0; start < $1; ++start)); do
    mkdir -p "$scratch/plugins$start"
    GLUSTER_CACHE=$scratch/plugins$start/cache alone mpirun -n 2 --map-by :OVERSUBSCRIBE --bind-to none "$build/bench/gluster_plugins" "$scratch/plugins$start" 1 |
      keep part=plugins || return
  done
}

# At full speed, on the master's node and on another.
overheads() {
  local calls=10000
  [ "$effort" != smoke ] || calls=500
  alone mpirun -n 3 --map-by :OVERSUBSCRIBE --bind-to none "$build/bench/gluster_overheads" "$rounds" $calls | keep part=overheads nodes=1 cpu=all link='this machine' || return
  [ "$nodes" = slow ] || return 0
  on_nodes 4 1 1 '' all gluster_overheads "$rounds" $calls | keep part=overheads nodes=4 cpu=all link='as fast as it can be' || return
  on_two_nodes all 'as fast as it can be' '' 'nothing'
}

# on_two_nodes CPU LINK RATE LIKE: what a call, a byte and MPI's own round trip take between two nodes.
on_two_nodes() {
  local cpu=$1 link=$2 rate=$3 some facts=(nodes=2 cpu="$1" link="$2" like="$4")
  if [ "$cpu" = all ]; then some=10000; else some=1000; fi
  [ "$effort" != smoke ] || some=200
  on_nodes 2 1 1 "$rate" "$cpu" gluster_overheads "$rounds" $some | keep part=overheads "${facts[@]}" || return
  on_nodes 2 1 1 "$rate" "$cpu" baselines/round_trips 8 "$rounds" 20 | keep part=throttle "${facts[@]}" || return
  on_nodes 2 1 1 "$rate" "$cpu" baselines/round_trips 8388608 "$rounds" | keep part=throttle "${facts[@]}"
}

products() {  # KERNEL N R THREADS NODES...
  local kernel=$1 n=$2 r=$3 threads=$4 count start starts=$starts some=$rounds_a_start
  shift 4
  if [ "$kernel" = multiply_naive ]; then starts=1 some=$rounds; fi # its rounds take most of a minute, and nearly all of that is the kernel's
  local facts=(node_threads="$threads" rate="$r")
  nodes_for "$kernel" "$n" "$r" "$threads" "${*: -1}" || return
  facts+=(cpu="$cpu" link="$link")
  for count; do
    [ "$nodes" != slurm ] || [ "$count" -le ${#hosts[@]} ] || continue
    for ((start = 0; start < starts; ++start)); do
      on_nodes "$count" 2 "$threads" "$rate" "$cpu" gluster_product "$n" "$some" "$kernel" from_vectors | keep part=products nodes="$count" "${facts[@]}" || return
      on_nodes "$count" 1 "$threads" "$rate" "$cpu" baselines/matmul_mpi_openmp "$n" "$some" "$kernel" | keep part=products nodes="$count" "${facts[@]}" || return
    done
  done
}

words() {  # R THREADS
  local r=$1 threads=$2 count times start
  local facts=(node_threads="$threads" rate="$r")
  # What a node's speed is, for its links: the plain loop's.
  nodes_for multiply_naive "$( [ "$effort" = smoke ] && echo 96 || echo 384)" "$r" "$threads" "${all[-1]}" || return
  facts+=(cpu="$cpu" link="$link")
  for times in "${copies[@]}"; do
    local bytes=$((times * $(wc -c <"$text")))
    for count in "${all[@]}"; do
      [ "$nodes" != slurm ] || [ "$count" -le ${#hosts[@]} ] || continue
      for ((start = 0; start < starts; ++start)); do
        on_nodes "$count" 2 "$threads" "$rate" "$cpu" gluster_words "$text" "$times" "$rounds_a_start" | keep part=words nodes="$count" bytes=$bytes "${facts[@]}" || return
        on_nodes "$count" 1 "$threads" "$rate" "$cpu" baselines/word_count_mpi_openmp "$text" "$times" "$rounds_a_start" | keep part=words nodes="$count" bytes=$bytes "${facts[@]}" || return
      done
    done
  done
}

# --- the nodes ----------------------------------------------------------------------------------------------------------

hosts=()
if [ -n "${SLURM_JOB_ID:-}" ]; then
  nodes=slurm
  mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
elif "$root/tests/hosts/run" --hosts 1 --cpu 50 --limit 30 true >/dev/null 2>&1; then
  nodes=slow
else
  nodes=none
fi

# nodes_for KERNEL N R THREADS MOST: sets cpu, link and rate for nodes that run this kernel; measures it on one, and the way between two.
nodes_for() {
  local kernel=$1 n=$2 r=$3 threads=$4 most=$5 gflops theirs lines=$scratch/alone
  if [ "$nodes" = slurm ]; then
    cpu=all link="an allocation's own" rate=''
  else
    cpu=$((160 / most))
    rate='' # one node
  fi
  on_nodes 1 1 "$threads" '' "$cpu" baselines/matmul_openmp "$n" 2 "$kernel" >"$lines" || return
  gflops=$(sed -n 's/.*"gflops": \([0-9.]*\).*/\1/p' "$lines")
  if [ "$nodes" = slow ]; then
    if [ "$threads" = 1 ]; then theirs=0.195; else theirs=2.58; fi
    rate=$(awk -v r="${r%gbit}" -v gflops="$gflops" -v theirs="$theirs" 'BEGIN { printf "%.0fmbit", r * 1000 * gflops / theirs }')
    link="${rate%mbit} Mbit/s (R = ${r%gbit} Gbit/s: $gflops GFLOP/s a node here, $theirs in the paper)"
  fi
  keep part=alone nodes=1 node_threads="$threads" rate="$r" cpu="$cpu" link="$link" <"$lines" || return
  on_two_nodes "$cpu" "$link" "$rate" "$kernel, $threads, $r"
}

# on_nodes COUNT RANKS_ON_FIRST THREADS RATE CPU PROGRAM WORD...: a rank on each other node.
on_nodes() {
  local count=$1 first=$2 threads=$3 rate=$4 cpu=$5 program=$6 list names cluster=()
  shift 6
  if [ "$nodes" = slurm ]; then
    names=("${hosts[@]:0:count}")
  else
    mapfile -t names < <(seq -f 'n%g' "$count")
    cluster=("$root/tests/hosts/run" --hosts "$count" --slots 2 --limit "$limit")
    if [ -n "$rate" ]; then cluster+=(--rate "$rate"); fi
    if [ "$cpu" != all ]; then cluster+=(--cpu "$cpu"); fi
  fi
  list=$(printf ',%s' "${names[@]:1}")
  local start=(mpirun -n $((count + first - 1)) --host "${names[0]}:$first$([ "$count" -eq 1 ] || echo "$list")" --map-by :OVERSUBSCRIBE --bind-to none)
  if [ -n "${OPENBLAS_CORETYPE:-}" ]; then start+=(-x OPENBLAS_CORETYPE); fi
  (
    export OMP_NUM_THREADS=$threads OMPI_MCA_mpi_yield_when_idle=1
    # Open MPI 4 warns of a race with itself that harms nothing.
    alone "${cluster[@]}" "${start[@]}" -x OMP_NUM_THREADS -x OMPI_MCA_mpi_yield_when_idle "$build/bench/$program" "$@" 2> >(grep -v 'plm:rsh: Warning: setpgid' >&2)
  )
}

declare -A takes
steps
takes[$effort]=$seconds_planned
