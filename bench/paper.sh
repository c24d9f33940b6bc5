# shellcheck shell=bash
# the paper's tables and figures again, beside MPI + OpenMP; writes results/MACHINE/DATE
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

has_figures=no

describe() {
  find_nodes # what was missing for virtual hosts has been installed meanwhile
  find_pace
  plan
  say "as fast as this machine is now, about $seconds_planned s"
  cat <<END
Table 1, Table 2 with Figures 3 and 4, Figure 5, and what the paper claims in words; medians of $((starts * rounds_a_start)) rounds of several starts as they come, in seconds.
  nodes     $(describe_nodes)
  R         the paper's links are not told: like 1 Gbit/s or 10 Gbit/s for nodes of its speed, which are faster or slower here as the nodes are
  alone     the kernel by itself on one such node; Gluster has a runner a node and the master on the first, MPI a rank a node
END
  local title
  for title in "${left_out[@]}"; do printf '  left out  %s\n' "$title"; done
}

describe_nodes() {
  case $nodes in
    slurm) echo "the allocation's: ${hosts[*]}" ;;
    slow) echo 'virtual hosts in slow motion: so many that all together have 1.6 cores, in turns of 1 ms; whole cores for Table 1 and the claims' ;;
    none) echo "this machine's own; no virtual hosts: $why_none" ;;
  esac
}

# --- what is done, and what there is time for ---------------------------------------------------------------------------

# One start of a program may be faster than the next, whatever its rounds say: a point is made of several, and who is started first changes.
starts=3 rounds_a_start=2
copies=(1 10 100)
all=(1 2 4 8 16) # nodes
case $effort in
  smoke) starts=1 copies=(1) all=(1 2) ;;
  quick) starts=2 rounds_a_start=3 copies=(1) all=(1 2 8) ;;
esac

steps() {
  case $effort in
    smoke)
      step 3 'Table 1, n = 96' table1 96 multiply_naive multiply_naive_i64
      step 5 'one node with and without the library' library 96 multiply
      step 10 'head to head at full speed' full_speed 96 1
      step 3 'a built plugin and a source' plugins 1
      step 12 "the model's numbers" overheads
      step 15 'Table 2, n = 96' products multiply 96 1gbit 2 "${all[@]}"
      step 10 'Figure 5' words 1gbit 2
      ;;
    quick)
      step 75 'Table 1, n = 1024' table1 1024 multiply_naive_i64 multiply
      step 12 'one node with and without the library, n = 1024' library 1024 multiply
      step 10 'a built plugin and a source' plugins 3
      step 25 "the model's numbers" overheads
      step 90 'Table 2, n = 1024 by the quick kernel, all threads, R = 1 Gbit/s' products multiply 1024 1gbit 2 "${all[@]}"
      step 40 'Figure 5, one copy, all threads' words 1gbit 2
      ;;
    *)
      step 90 'Table 1, n = 1024' table1 1024 multiply_naive multiply_naive_i64 multiply
      step 25 'Table 1, n = 4096 by the quick kernel' table1 4096 multiply
      step 120 'one node with and without the library' library_of_sizes
      step 250 'head to head at full speed' full_speed 4096 30
      step 15 'a built plugin and a source' plugins 5
      step 25 "the model's numbers" overheads
      step 2450 'Table 2, n = 1024, all threads, R = 1 Gbit/s' products multiply_naive 1024 1gbit 2 "${all[@]}"
      step 1400 'Figure 5, all threads, R = 1 Gbit/s' words 1gbit 2
      step 400 'Figure 4, n = 4096, all threads, R = 1 Gbit/s, 1, 2 and 8 nodes' products multiply 4096 1gbit 2 1 2 8
      step 350 'OpenBLAS and pdgemm, n = 4096, all threads, R = 1 Gbit/s, 8 nodes' blas_products
      step 400 'Figure 3, n = 4096, one thread, R = 1 Gbit/s, 1, 2 and 8 nodes' products multiply 4096 1gbit 1 1 2 8
      step 2400 'Table 2, n = 1024, one thread, R = 1 Gbit/s' products multiply_naive 1024 1gbit 1 "${all[@]}"
      step 2000 'Table 2, n = 1024, all threads, R = 10 Gbit/s' products multiply_naive 1024 10gbit 2 "${all[@]}"
      full_step 400 'Figure 3, R = 10 Gbit/s' products multiply 4096 10gbit 1 1 2 8
      full_step 400 'Figure 4, R = 10 Gbit/s' products multiply 4096 10gbit 2 1 2 8
      full_step 2000 'Table 2, n = 1024, one thread, R = 10 Gbit/s' products multiply_naive 1024 10gbit 1 "${all[@]}"
      full_step 1400 'Figure 5, all threads, R = 10 Gbit/s' words 10gbit 2
      full_step 1400 'Figure 5, one thread, R = 1 Gbit/s' words 1gbit 1
      full_step 850 'Figure 3, n = 4096 with 16 nodes' products multiply 4096 1gbit 1 1 2 8 16
      full_step 850 'Figure 4, n = 4096 with 16 nodes' products multiply 4096 1gbit 2 1 2 8 16
      full_step 120 'Table 1, n = 8192 by the quick kernel' table1 8192 multiply
      step 2000 'Table 1, n = 4096 by the plain loop, one round' one_round 4096
      full_step 16000 'Table 1, n = 8192 by the plain loop, one round' one_round 8192
      ;;
  esac
}

# How this machine's kernels are to those that the steps' seconds are of, in per cent of their time: a plain loop may be half as fast where another one is a quarter.
plain_pace=100 quick_pace=100
find_pace() {
  plain_pace=$(pace_of multiply_naive 512 0.29) quick_pace=$(pace_of multiply 2048 0.16)
}
pace_of() {  # KERNEL N SECONDS: the quickest of some rounds, since others may have the machine in one
  here 1 matmul_openmp "$2" 5 "$1" | awk -v reference="$3" -F '[= ]' '
    /^round=/ { for (i = 1; i < NF; ++i) if ($i == "total" && (!best || $(i + 1) < best)) best = $(i + 1) }
    END { printf "%.0f", 100 * best / reference }'
}
# paced SECONDS FUNCTION WORD...: at 1024 the quick kernel takes less than what is started around it.
paced() {
  case "${*:2}" in
    words* | one_round* | *multiply_naive*) echo $(($1 * plain_pace / 100)) ;;
    plugins* | overheads | *' 1024 multiply' | *'multiply 1024 '*) echo "$1" ;;
    *) echo $(($1 * quick_pace / 100)) ;;
  esac
}

# step SECONDS TITLE FUNCTION WORD...: planned first, then done. What there is no time for, or what cannot be done here, is left out, and that is said.
# R is what a cable in slow motion stands for: on an allocation's nodes there is one network, and what asks for another R is done once.
step() {
  local seconds title=$2 began=$SECONDS
  seconds=$(paced "$1" "${@:3}")
  shift 2
  is_asked "$title" || return 0
  if [ "$nodes" = none ] && [[ $1 =~ ^(words|products|blas_products)$ ]]; then
    leave_out "$title: no virtual hosts here"
  elif [ "$nodes" = slurm ] && [[ " $* " == *' 10gbit '* ]]; then
    : # as for the other R
  elif [ -n "$minutes" ] && [ $(($(seconds_used) + seconds)) -gt $((minutes * 60)) ]; then
    leave_out "$title: $seconds s"
  else
    seconds_planned=$((seconds_planned + seconds))
    [ $planning = no ] || return 0
    say "$title ($seconds s)"
    limit=$((3 * seconds + 60))
    if "$@"; then
      measured+=("$title")
    else
      say "that has failed, and is left out: $title" >&2
      left_out+=("$title: it failed")
    fi
    say "that took $((SECONDS - began)) s"
  fi
}
is_asked() { [ -z "$add" ] || [[ $1 == *"$add"* ]]; }
# Planned, or gone by.
seconds_used() { if [ $planning = yes ]; then echo "$seconds_planned"; else echo "$SECONDS"; fi; }
full_step() {
  if [ "$effort" = full ]; then step "$@"; elif is_asked "$2"; then leave_out "$2: $(paced "$1" "${@:3}") s, --full's"; fi
}
# Once: in the plan, or for want of time that others have used.
leave_out() {
  local known
  for known in "${left_out[@]}"; do [ "$known" != "$1" ] || return 0; done
  left_out+=("$1")
}

plan() {
  planning=yes seconds_planned=0 left_out=()
  steps
}

measure() {
  local directory=${results:-} measured=()
  if [ -z "$directory" ]; then
    directory=$root/results/$machine/$(date +%F)
    [ ! -e "$directory" ] || directory+=-$(date +%H%M)
  fi
  # What is measured is there at once: hours are not lost with what comes last.
  mkdir -p -- "$directory" || fail "$directory cannot be made"
  machine_facts >"$scratch/machine" # of what is measured: sources may be others when it has been
  if [ -n "$add" ]; then
    mapfile -t facts < <(grep -E '^(machine|cpu|cores|mpi|openblas|text)=' "$scratch/machine")
    "$build/bench/bench_report" is "$directory" "${facts[@]}" || fail 'what is measured here belongs to another set'
  fi
  runs=$directory/runs
  : >"$runs" || fail "$runs cannot be written"
  planning=no SECONDS=0 left_out=()
  steps
  [ -s "$runs" ] || fail "nothing could be measured${add:+: no experiment that can be done here has a title with '$add'}"
  if [ -n "$add" ]; then
    fact() { sed -n "s/^$1=//p" "$scratch/machine"; }
    "$build/bench/bench_report" extend "$directory" "$runs" "$(fact when), commit $(fact commit)" "$(joined "${measured[@]}")" ||
      fail "the set could not be extended; all that was measured is in $runs"
  else
    mapfile -t facts <"$scratch/machine"
    if [ ${#left_out[@]} -gt 0 ]; then facts+=("left_out=$(joined "${left_out[@]}")"); fi
    "$build/bench/bench_report" write "$directory" "$runs" "${facts[@]}" || fail "the page could not be written; all that was measured is in $runs"
  fi
  rm -- "$runs"
  say "the page is $directory/README.md"
  if printf '%s\n' "${left_out[@]}" | grep -q 'it failed$'; then return 1; fi
}

# Titles as one fact.
joined() {
  local all
  all=$(printf '%s; ' "$@")
  echo "${all%; }"
}

# --- the experiments ----------------------------------------------------------------------------------------------------

# keep FACT=VALUE...: what a contestant has printed.
keep() { "$build/bench/bench_report" add "$runs" step="$title" "$@"; }

table1() {  # N KERNEL...
  local n=$1 kernel start
  shift
  for kernel; do
    for ((start = 0; start < starts; ++start)); do
      in_turn $start "serial_of $n $rounds_a_start $kernel" "threads_of $n $rounds_a_start $kernel" || return
    done
  done
}
one_round() {  # N
  local kernel
  for kernel in multiply_naive multiply_naive_i64; do
    serial_of "$1" 1 $kernel && threads_of "$1" 1 $kernel || return
  done
}
serial_of() { here 1 matmul_openmp "$@" | keep part=table1 mode=serial node_threads=1; }
threads_of() { here "$(cores)" matmul_openmp "$@" | keep part=table1 mode=threads node_threads="$(cores)"; }

# in_turn START COMMAND...: every other start the other way round. Commands are split at blanks.
in_turn() {
  local start=$1 at which
  shift
  for ((at = 1; at <= $#; ++at)); do
    which=$((start % 2 == 0 ? at : $# + 1 - at))
    # shellcheck disable=SC2086  # words
    ${!which} || return
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
    for ((start = 0; start < starts; ++start)); do
      in_turn $start "without_library $threads $1 $2" "with_library $threads $1 $2 from_vectors" "with_library $threads $1 $2 in_place" || return
    done
  done
}
without_library() { here "$1" matmul_openmp "$2" "$rounds_a_start" "$3" | keep part=library mode="$(mode_of "$1")" node_threads="$1"; }
with_library() {  # THREADS N KERNEL WAY
  OMP_NUM_THREADS=$1 on_one_node 2 "$build/bench/gluster_product" "$2" "$rounds_a_start" "$3" "$4" |
    keep part=library mode="$(mode_of "$1")" node_threads="$1"
}
# The same work on all of one node's cores, by a rank a core and by a runner with all of them.
full_speed() {  # N COPIES
  full_speed_products "$1" multiply && full_speed_products "$1" multiply_blas && full_speed_products $(($1 < 1024 ? $1 : 1024)) multiply_naive || return
  local start words="$text $2 $rounds_a_start"
  for ((start = 0; start < starts; ++start)); do
    in_turn $start "by_a_runner gluster_words $words" "by_ranks word_count_mpi_openmp $words" || return
  done
}
full_speed_products() {  # N KERNEL
  local start words="$1 $rounds_a_start $2" library=()
  if [ "$2" = multiply_blas ]; then library=("by_pdgemm $1"); fi
  for ((start = 0; start < starts; ++start)); do
    in_turn $start "by_a_runner gluster_product $words from_vectors" "by_ranks matmul_mpi_openmp $words" "${library[@]}" \
      "by_a_runner gluster_product $words in_place" "by_ranks matmul_windows $words" || return
  done
}
by_a_runner() { on_one_node 2 "$build/bench/$1" "${@:2}" | keep part=full_speed; }
by_ranks() { OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 on_one_node "$(cores)" "$build/bench/baselines/$1" "${@:2}" | keep part=full_speed; }
by_pdgemm() { OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 on_one_node "$(cores)" "$build/bench/baselines/matmul_pdgemm" "$1" "$rounds_a_start" | keep part=full_speed kernel=multiply_blas; }
mode_of() { if [ "$1" = 1 ]; then echo serial; else echo threads; fi; }

plugins() {  # STARTS
  local start
  for ((start = 0; start < $1; ++start)); do
    mkdir -p "$scratch/plugins$start"
    GLUSTER_CACHE=$scratch/plugins$start/cache on_one_node 2 "$build/bench/gluster_plugins" "$scratch/plugins$start" 1 |
      keep part=plugins || return
  done
}

# At full speed, on the master's node and on another.
overheads() {
  local calls=10000 rounds=5
  [ "$effort" != smoke ] || calls=500
  on_one_node 3 "$build/bench/gluster_overheads" "$rounds" $calls | keep part=overheads nodes=1 cpu=all link='this machine' || return
  [ "$nodes" = slow ] || return 0
  on_nodes 4 1 1 '' all gluster_overheads "$rounds" $calls | keep part=overheads nodes=4 cpu=all link='as fast as it can be' || return
  on_two_nodes all 'as fast as it can be' '' 'nothing'
}

# on_two_nodes CPU LINK RATE LIKE: what a call, a byte and MPI's own round trip take between two nodes.
on_two_nodes() {
  local cpu=$1 link=$2 rate=$3 some rounds=5 facts=(nodes=2 cpu="$1" link="$2" like="$4")
  if [ "$cpu" = all ]; then some=10000; else some=1000; fi
  [ "$effort" != smoke ] || some=200
  on_nodes 2 1 1 "$rate" "$cpu" gluster_overheads "$rounds" $some | keep part=overheads "${facts[@]}" || return
  on_nodes 2 1 1 "$rate" "$cpu" baselines/round_trips 8 "$rounds" 20 | keep part=throttle "${facts[@]}" || return
  on_nodes 2 1 1 "$rate" "$cpu" baselines/round_trips 8388608 "$rounds" | keep part=throttle "${facts[@]}"
}

products() {  # KERNEL N R THREADS NODES...
  local kernel=$1 n=$2 r=$3 threads=$4 count start starts=$starts some=$rounds_a_start
  shift 4
  # Its rounds take most of a minute, and the one that is not counted is by the quick kernel: starts cost little.
  if [ "$kernel" = multiply_naive ]; then starts=5 some=1; fi
  nodes_for "$kernel" "$n" "$r" "$threads" "${*: -1}" || return
  facts+=(part=products)
  for count; do
    has_nodes "$count" || continue
    for ((start = 0; start < starts; ++start)); do
      in_turn $start "product_by_gluster $count $n $some $kernel" "product_by_hand $count matmul_mpi_openmp $n $some $kernel" || return
    done
  done
}
product_by_gluster() { on_nodes "$1" 2 "$threads" "$rate" "$cpu" gluster_product "$2" "$3" "$4" from_vectors | keep nodes="$1" "${facts[@]}"; }
product_by_hand() { on_nodes "$1" 1 "$threads" "$rate" "$cpu" "baselines/$2" "${@:3}" | keep nodes="$1" "${facts[@]}"; }

blas_products() {
  local most=8 start
  if [ "$nodes" = slurm ]; then most=${#hosts[@]}; fi
  local threads=2
  nodes_for multiply_blas 4096 1gbit "$threads" "$most" || return
  facts+=(part=products)
  for ((start = 0; start < starts; ++start)); do
    in_turn $start "product_by_gluster $most 4096 $rounds_a_start multiply_blas" "product_by_hand $most matmul_mpi_openmp 4096 $rounds_a_start multiply_blas" \
      "product_by_pdgemm $most" || return
  done
}
product_by_pdgemm() { on_nodes "$1" 1 "$threads" "$rate" "$cpu" baselines/matmul_pdgemm 4096 "$rounds_a_start" | keep nodes="$1" "${facts[@]}" kernel=multiply_blas; }

words() {  # R THREADS
  local r=$1 threads=$2 count times start loop=384
  # How fast a node is, and so its cable: by the plain loop, at a size that takes little time in slow motion.
  if [ "$effort" = smoke ]; then loop=96; fi
  nodes_for multiply_naive $loop "$r" "$threads" "${all[-1]}" || return
  for times in "${copies[@]}"; do
    local bytes=$((times * $(wc -c <"$text")))
    for count in "${all[@]}"; do
      has_nodes "$count" || continue
      for ((start = 0; start < starts; ++start)); do
        in_turn $start "words_on $count 2 gluster_words" "words_on $count 1 baselines/word_count_mpi_openmp" || return
      done
    done
  done
}
words_on() { on_nodes "$1" "$2" "$threads" "$rate" "$cpu" "$3" "$text" "$times" "$rounds_a_start" | keep part=words nodes="$1" bytes="$bytes" "${facts[@]}"; }

# --- the nodes ----------------------------------------------------------------------------------------------------------

hosts=()
find_nodes() {
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    nodes=slurm
    mapfile -t hosts < <(scontrol show hostnames "${SLURM_JOB_NODELIST:-}")
    [ ${#hosts[@]} -gt 0 ] || fail "this is Slurm's job $SLURM_JOB_ID, but scontrol does not say which nodes it has"
  elif ! PATH=$PATH:/usr/sbin:/sbin command -v ip >/dev/null; then
    nodes=slow # it will be installed
  elif why_none=$("$root/tests/hosts/run" --hosts 1 --cpu 50 --limit 30 true 2>&1); then
    nodes=slow
  else
    nodes=none
  fi
}
has_nodes() {
  [ "$nodes" = slurm ] && [ "$1" -gt ${#hosts[@]} ] || return 0
  leave_out "more than ${#hosts[@]} nodes: the allocation has no more"
  return 1
}

# nodes_for KERNEL N R THREADS MOST: sets cpu, link and rate for nodes that run this kernel, and facts; measures it on one, and the way between two.
nodes_for() {
  local kernel=$1 n=$2 r=$3 most=$5 gflops theirs lines=$scratch/alone
  threads=$4
  if [ "$nodes" = slurm ]; then
    cpu=all link="an allocation's own" r=''
    if [ "$threads" != 1 ]; then threads=${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-$(cores)}}; fi
  else
    cpu=$((160 / most))
  fi
  rate='' # one node
  on_nodes 1 1 "$threads" '' "$cpu" baselines/matmul_openmp "$n" 3 "$kernel" >"$lines" || return
  gflops=$(sed -n 's/.*"gflops": \([0-9.]*\).*/\1/p' "$lines")
  if [ "$nodes" = slow ]; then
    if [ "$threads" = 1 ]; then theirs=0.195; else theirs=2.58; fi
    rate=$(awk -v r="${r%gbit}" -v gflops="$gflops" -v theirs="$theirs" 'BEGIN { printf "%.0fmbit", r * 1000 * gflops / theirs }')
    link="${rate%mbit} Mbit/s (R = ${r%gbit} Gbit/s: $gflops GFLOP/s a node here by $kernel at $n, $theirs in the paper)"
  fi
  facts=(node_threads="$threads" rate="$r" cpu="$cpu" link="$link")
  keep part=alone nodes=1 "${facts[@]}" <"$lines" || return
  if [ "$nodes" = slow ] || [ ${#hosts[@]} -gt 1 ]; then on_two_nodes "$cpu" "$link" "$rate" "$kernel $n, $threads, $r"; fi
}

# on_one_node RANKS PROGRAM WORD...: here, and not on all nodes of an allocation.
on_one_node() {
  local ranks=$1 where=()
  shift
  if [ "$nodes" = slurm ]; then where=(--host "${hosts[0]}:$ranks"); fi
  alone mpirun -n "$ranks" "${where[@]}" --map-by :OVERSUBSCRIBE --bind-to none "$@"
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

find_nodes
plan
declare -A takes=([$effort]=$seconds_planned)
