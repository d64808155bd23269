# shellcheck shell=bash
# Words for people, and the small things that every part needs.

: "${stack_dir:?}" "${here:?}"

# say PART TEXT: one line on stderr.
say() { printf 'stack: %-10s %s\n' "$1" "$2" >&2; }

die() {
  printf 'stack: error: %s\n' "$1" >&2
  exit 1
}

export_line() { printf "export %s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$1' needs root: run this as root, or install sudo"
  fi
}

# quietly LOG COMMAND...: the command's output goes to the log; if it fails,
# its last lines are shown, for they hold the reason.
quietly() {
  local log=$stack_dir/log/$1.log output failed=''
  shift
  output=$(mktemp "$stack_dir/log/output.XXXXXX")
  "$@" >"$output" 2>&1 || failed=yes
  cat "$output" >>"$log"
  if [[ $failed ]]; then
    printf 'stack: error: this failed: %s\n%s\n' "$*" "$(tail -n 12 "$output" | sed 's/^/    /')" >&2
  fi
  rm -f "$output"
  [[ -z $failed ]]
}

# quietly_may_fail LOG COMMAND...: the same, where a failure is an answer.
quietly_may_fail() { "${@:2}" >>"$stack_dir/log/$1.log" 2>&1; }

# wait_for SECONDS COMMAND...: polls until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [[ $SECONDS -lt $deadline ]] || return 1
    sleep 0.1
  done
}

# start_daemon LOG READY COMMAND...: in the background, until READY succeeds; then
# its number is in daemon_pid. It outlives this script, so it mustn't hold the
# script's lock (descriptor 9).
daemon_pid=
start_daemon() {
  local log=$stack_dir/log/$1.log ready=$2 deadline=$((SECONDS + 60))
  shift 2
  : >"$log"
  "$@" >>"$log" 2>&1 9>&- &
  daemon_pid=$!
  until $ready >/dev/null 2>&1; do
    if [[ $SECONDS -ge $deadline || -z $(process_name "$daemon_pid") ]]; then
      tail -n 12 "$log" | sed 's/^/    /' >&2
      die "this doesn't start: $* (all it said: $log)"
    fi
    sleep 0.1
  done
}

# Two clones, or two terminals, may call this script at the same time.
lock_stack() {
  mkdir -p "$stack_dir"
  if command -v flock >/dev/null; then
    exec 9>"$stack_dir/lock"
    flock --wait 600 9 || die "another scripts/stack has been busy for ten minutes"
  fi
}

# process_name PID: empty if there is none, or only a zombie that nobody fetches,
# as in a container whose first process isn't an init. A small machine has no ps.
process_name() {
  if [[ -d /proc/self ]]; then
    sed -nE 's/^[0-9]+ \((.*)\) [^ZX] .*/\1/p' "/proc/$1/stat" 2>/dev/null
  else
    ps -o comm= -p "$1" 2>/dev/null
  fi
}

# runs PID-FILE NAME: is the process of that file alive, and still what it was?
# After a reboot or a kill -9 the number may belong to something else.
runs() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ && $(process_name "$pid") == "${2:0:15}" ]]
}

# forget_dead PID-FILE NAME: a killed daemon leaves its file behind, whose number
# may be another process's by now; the next one would refuse to start.
forget_dead() { runs "$1" "$2" || as_root rm -f "$1"; }

# stop PID-FILE NAME SECONDS [as_root]: ask, wait, insist.
stop() {
  local file=$1 name=$2 seconds=$3 pid
  # sudo needs a program to run, and a small machine has kill in its shell only.
  # shellcheck disable=SC2016
  local -a ask=(sh -c 'kill "$1"' sh) insist=(sh -c 'kill -9 "$1"' sh)
  shift 3
  if runs "$file" "$name"; then
    pid=$(cat "$file")
    "$@" "${ask[@]}" "$pid" || true
    wait_for "$seconds" not_running "$pid" || "$@" "${insist[@]}" "$pid" || true
  fi
  "$@" rm -f "$file"
}

not_running() { [[ -z $(process_name "$1") ]]; }

# The interpreter for what is more than plumbing: the project's own, if it is
# set up, for the machine's may be too old.
stack_python() {
  if [[ -x $here/../.venv/bin/python ]]; then "$here/../.venv/bin/python" -B "$@"; else python3 -B "$@"; fi
}

# took START: " (12 s)" if it was long enough to be worth a word.
took() { if ((SECONDS - $1 > 1)); then printf ' (%s s)' "$((SECONDS - $1))"; fi; }
