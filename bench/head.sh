# shellcheck shell=bash
# head to head: the paper's matrix product and word count, against programs that stand alone
# Sourced by bench/run, whose variables these are:
# shellcheck disable=SC2154

# shellcheck disable=SC2034  # bench/run reads it
declare -A takes=([smoke]=30 [quick]=80 [default]=700 [full]=1900)

describe() {
  cat <<END
Gluster / a program by hand, each started by itself, several times and now one first and now the other, with the same kernels on the same cores; every start checks
what it computed. A value is the median of all rounds of all starts, a ratio that of medians; its interval draws starts first, and then rounds in them. ≤ 1 is a tie: the
ratio at most 0.02 above, its interval not.
  vectors   A and B are in vectors of the master's, and C comes to one; in place: all three lie in node memory
  scatter   MPI, a rank a core: rank 0 has A and B, and gathers C; windows: all three lie in a shared window; pdgemm: ScaLAPACK's; farm: self-scheduling
  alone     the same kernel in one process, on all cores, without MPI; a program by hand of one rank would be the same
  words     of the licences that every Debian has, from words in memory to the merged map, against MPI, a rank a core
END
}

measure() {
  declare -A starts=([smoke]=1 [quick]=2 [default]=5 [full]=10) rounds=([smoke]=1 [quick]=3 [default]=2 [full]=3) sizes=([smoke]=130 [quick]=1024 [default]=4096 [full]=4096)
  local n=${size:-${sizes[$effort]}} copies=30
  if [ "$effort" = smoke ]; then copies=1; fi
  products "$n" multiply
  contest "multiply $n, vectors / farm" - gluster_from_vectors "product $n multiply from_vectors" "farm $n multiply"
  products "$n" multiply_blas
  contest "multiply_blas $n, vectors / pdgemm" 1 gluster_from_vectors "product $n multiply_blas from_vectors" "pdgemm $n"
  products $((n < 1024 ? n : 1024)) multiply_naive
  words $copies
}

products() {  # N KERNEL
  local name="$2 $1"
  contest "$name, vectors / scatter, gather" 1 gluster_from_vectors "product $1 $2 from_vectors" "by_hand matmul_mpi_openmp $1 $2"
  contest "$name, in place / windows" 1.05 gluster_in_place "product $1 $2 in_place" "by_hand matmul_windows $1 $2"
  if [ "$2" = multiply_naive ]; then return; fi # seconds a round, and no budget
  contest "$name, in place / alone" 1.01 gluster_in_place "product $1 $2 in_place" "alone_here $1 $2"
  contest "$name, vectors / alone" - gluster_from_vectors "product $1 $2 from_vectors" "alone_here $1 $2"
}

words() {  # COPIES
  contest "words, $1 copies / MPI" 1 gluster_words "gluster_words $text $1" "words_by_hand $text $1"
}

# contest NAME LIMIT OURS_NAME OURS THEIRS: the last two are contestants below, and their words.
contest() {
  local lines=$scratch/lines start
  : >"$lines"
  for ((start = 0; start < starts[$effort]; ++start)); do
    # shellcheck disable=SC2086  # words
    if [ $((start % 2)) -eq 0 ]; then $4 && $5; else $5 && $4; fi | grep '^{' >>"$lines" || fail "a contestant of '$1' ended badly"
  done
  "$build/bench/bench_compare" "$samples" "$1" "$3" "$2" <"$lines" || fail "'$1' could not be compared"
}

# start RANKS THREADS PROGRAM WORDS...: on all cores, unbound.
start() {
  local ranks=$1 threads=$2
  shift 2
  (
    mpi_environment "$ranks"
    if [ "$threads" != 0 ]; then export OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads; fi
    alone mpirun -n "$ranks" --map-by :OVERSUBSCRIBE --bind-to none "$@"
  )
}

product() { start 2 0 "$build/bench/gluster_product" "$1" "${rounds[$effort]}" "$2" "$3"; }
by_hand() { start "$(cores)" 1 "$build/bench/baselines/$1" "$2" "${rounds[$effort]}" "$3"; }
farm() { start $(($(cores) + 1)) 1 "$build/bench/baselines/matmul_master_worker" "$1" "${rounds[$effort]}" "$2"; }
pdgemm() { start "$(cores)" 1 "$build/bench/baselines/matmul_pdgemm" "$1" "${rounds[$effort]}"; }
alone_here() { OMP_NUM_THREADS=$(cores) alone "$build/bench/baselines/matmul_openmp" "$1" "${rounds[$effort]}" "$2"; }
# Ten times as many rounds: one takes some 20 ms, and two of them told nothing.
gluster_words() { start 2 0 "$build/bench/gluster_words" "$1" "$2" "${rounds[$effort]}0"; }
words_by_hand() { start "$(cores)" 1 "$build/bench/baselines/word_count_mpi_openmp" "$1" "$2" "${rounds[$effort]}0"; }
