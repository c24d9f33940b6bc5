# shellcheck shell=bash
# What quickstart, tests/run and .ci/* have in common; sourced, never run. In order:
#     install_packages GROUP...    configure PRESET    build PRESET    mpi_environment RANKS

# The source tree, wherever the caller was started from.
root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")

me=$(readlink -f -- "$0")
me=${me#"$root/"}

say() { printf '%s: %s\n' "$me" "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# quietly WHAT LOG COMMAND...: the command's output goes to the log, of which the end is shown when it fails.
quietly() {
  local what=$1 log=$2
  shift 2
  mkdir -p -- "$(dirname -- "$log")"
  "$@" >"$log" 2>&1 && return
  tail -n 60 -- "$log" >&2
  fail "$what failed; the whole of its output is in $log"
}

# missing_packages GROUP...: what launch/packages lists in these groups and dpkg does not have, one a line.
missing_packages() {
  local group wanted
  wanted=$(for group; do awk -v group="$group:" '$1 == group { for (i = 2; i <= NF; i++) print $i }' "$root/launch/packages"; done)
  # dpkg-query fails when it knows none or not all of them: that is the answer, not an error.
  # shellcheck disable=SC2016,SC2086  # dpkg's own ${}; package names are words
  comm -13 <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u) \
    <(sort -u <<<"$wanted")
}

# install_packages GROUP...: asks for rights, and the network, only when something is missing.
install_packages() {
  local missing as_root=() log=$root/build/packages.log
  command -v apt-get >/dev/null ||
    fail "there is no apt-get here: this set-up knows Debian 12 and 13 only; launch/packages lists what must be there"
  missing=$(missing_packages "$@" | paste -sd ' ')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "Debian packages are missing, and this is neither root nor is there sudo; have them installed and start again: $missing"
    as_root=(sudo)
  fi
  say "installing Debian packages${as_root:+ through sudo}: $missing"
  # A broken third-party source fails the update as a whole; whether that matters, the installation tells.
  (quietly "apt-get update" "$log" "${as_root[@]}" apt-get update) || say "going on with the package lists that are here"
  # shellcheck disable=SC2086  # package names are words
  quietly "installing the packages" "$log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
}

# configured PRESET [-DNAME=VALUE...]: whether build/PRESET was configured so, here, since the presets last changed.
configured() {
  local dir=$root/build/$1 setting
  shift
  [ -f "$dir/build.ninja" ] && [ ! "$root/CMakePresets.json" -nt "$dir/build.ninja" ] || return 1
  grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt" || return 1
  for setting; do
    setting=${setting#-D}
    grep -q "^${setting%%=*}:[A-Z]*=${setting#*=}\$" "$dir/CMakeCache.txt" || return 1
  done
}

# configure PRESET [-DNAME=VALUE...]: only when needed; what changes in a CMakeLists.txt ninja sees by itself.
configure() {
  local preset=$1 cache=$root/build/$1/CMakeCache.txt fresh=()
  configured "$@" && return
  # CMake refuses a build directory that was made for a tree elsewhere: a copied or moved clone.
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then fresh=(--fresh); fi
  say "configuring build/$preset"
  quietly "configuring" "$root/build/$preset-configure.log" cmake "${fresh[@]}" -S "$root" --preset "$@"
}

# build PRESET: says nothing more when there is nothing to do.
build() {
  local log=$root/build/$1-build.log
  say "building build/$1; the first time takes minutes"
  quietly "the build" "$log" env -C "$root" cmake --build --preset "$1"
}

cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# mpi_environment RANKS: what Open MPI wants to be told before it starts so many ranks here. Version 5 reads PRTE_ too.
mpi_environment() {
  if [ "$(id -u)" -eq 0 ] && [ "${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-} ${PRTE_ALLOW_RUN_AS_ROOT_CONFIRM:-}" != "1 1" ]; then
    say "running as root, which Open MPI refuses unless told twice: setting OMPI_ALLOW_RUN_AS_ROOT and its _CONFIRM (PRTE_ for version 5)"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # With more ranks than cores a rank that waits must give its core away, or the one it waits for does not get on.
  if [ "$1" -gt "$(cores)" ]; then export OMPI_MCA_mpi_yield_when_idle=1; fi
}
