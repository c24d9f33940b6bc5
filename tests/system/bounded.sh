# shellcheck shell=bash
# For tests of whole processes: how a run ends, what it says, what it leaves behind. Sourced. In order:
#     run LIMIT COMMAND...     expect_status, expect_said, expect_once, ...     (as often as wanted)     finish
#
# A run's processes are known by $mark, which is in the environment of everything that is started here, so that nobody else's are
# ever counted or killed.

folder=$(mktemp -d "${TMPDIR:-/tmp}/gluster-test.XXXXXX")
mark=gluster-test-$$-${folder##*.}
export GLUSTER_TEST_MARK=$mark GLUSTER_CACHE=$folder/cache
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1
ulimit -c 0
failures=0 status=- seconds=- out=$folder/out err=$folder/err

# Where a rank runs: here, or in tests/hosts, where ranks fill the slots of one host after the other.
if [ -z "${HOST_SLOTS:-}" ]; then
  by=:OVERSUBSCRIBE
  host_of() { uname -n; }
  on_host_of() { "${@:2}"; }
else
  by=slot
  host_of() { echo "n$(($1 / HOST_SLOTS + 1))"; }
  on_host_of() { rsh "$(host_of "$1")" "${*:2}"; }
fi
mpirun=(mpirun --map-by "$by" --bind-to none)
# Several programs in one run: Debian 13's mpirun crashes at any colon, the prterun that it stands for does not.
mpmd=("${mpirun[@]}")
if command -v prterun >/dev/null; then mpmd[0]=prterun; fi

# The pids of whatever a run has left, or has now: not of this script and what it calls itself.
marked() {
  local environ pid
  for environ in $(grep -lsxzF "GLUSTER_TEST_MARK=$mark" /proc/[0-9]*/environ); do
    pid=${environ#/proc/} pid=${pid%/environ}
    case $(readlink "/proc/$pid/exe") in '' | */bash | */grep | */readlink | */sleep | */timeout) continue ;; esac
    echo "$pid"
  done
}

clean_up() {
  local pids
  pids=$(marked)
  # shellcheck disable=SC2086  # one word a pid
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
  rm -rf -- "$folder"
}
trap clean_up EXIT

# run LIMIT COMMAND...: at most LIMIT seconds; sets status, seconds, $out and $err.
run() {
  local limit=$1 begin=$EPOCHREALTIME
  shift
  { timeout --kill-after=2 "$limit" "$@" >"$out" 2>"$err" </dev/null; } 2>/dev/null  # bash's own "Aborted"
  status=$?
  seconds=$(took_since "$begin")
}

took_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# until_true LIMIT COMMAND...: looks again and again; fails after LIMIT seconds.
until_true() {
  local limit=$1 end
  shift
  end=$((SECONDS + limit))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
}

complain() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$*"
}

expect() {
  local what=$1
  shift
  "$@" || complain "$what"
}
expect_status() { [ "$status" = "$1" ] || complain "the status is $status, not $1"; }
expect_failure() { [ "$status" != 0 ] && [ "$status" != 124 ] || complain "the status is $status"; }
expect_within() { awk -v s="$seconds" -v limit="$1" 'BEGIN { exit !(s <= limit) }' || complain "it took $seconds s, more than $1"; }
# What a stream says, by fixed text; `once`: in exactly one line.
expect_said() { grep -qF -- "$2" "$1" || complain "nothing in $(basename "$1") says: $2"; }
expect_silent() { ! grep -qF -- "$2" "$1" || complain "$(basename "$1") says: $2"; }
expect_once() { [ "$(grep -cF -- "$2" "$1")" = 1 ] || complain "$(grep -cF -- "$2" "$1") lines, not one, say: $2"; }
# Open MPI may lose a race with the rsh that it starts a daemon by, and says so; nothing comes of it.
expect_quiet() { ! grep -qv 'plm:[rs]sh: Warning: setpgid' "$err" || complain "it is not silent: $(cat "$err")"; }
nothing_left() { [ -z "$(marked)" ]; }
expect_nothing_left() {
  until_true 10 nothing_left || complain "processes are left behind: $(for pid in $(marked); do ps -o pid=,args= -p "$pid"; done)"
}

# The script's last line: its status is the test's.
finish() {
  if [ "$failures" != 0 ]; then
    printf '%s after %s s, status %s; it said:\n' "$failures complaints" "$seconds" "$status"
    head -n 30 "$out" | cut -c 1-200 | sed 's/^/  out: /'
    head -n 60 "$err" | cut -c 1-400 | sed 's/^/  err: /'
  fi
  exit $((failures != 0))
}
