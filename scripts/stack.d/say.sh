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

# Two clones, or two terminals, may call this script at the same time.
lock_stack() {
  mkdir -p "$stack_dir"
  if command -v flock >/dev/null; then
    exec 9>"$stack_dir/lock"
    flock --wait 600 9 || die "another scripts/stack has been busy for ten minutes"
  fi
}

# process_name PID: empty if there is none. A small machine has no ps.
process_name() { cat "/proc/$1/comm" 2>/dev/null || ps -o comm= -p "$1" 2>/dev/null; }

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
  shift 3
  if runs "$file" "$name"; then
    pid=$(cat "$file")
    "$@" kill "$pid" || true
    wait_for "$seconds" not_running "$pid" || "$@" kill -9 "$pid" || true
  fi
  rm -f "$file"
}

not_running() { [[ -z $(process_name "$1") ]]; }

# The interpreter for what is more than plumbing: the project's own, if it is
# set up, for the machine's may be too old.
stack_python() {
  if [[ -x $here/../.venv/bin/python ]]; then "$here/../.venv/bin/python" -B "$@"; else python3 -B "$@"; fi
}

# took START: " (12 s)" if it was long enough to be worth a word.
took() { if ((SECONDS - $1 > 1)); then printf ' (%s s)' "$((SECONDS - $1))"; fi; }
