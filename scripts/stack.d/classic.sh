# shellcheck shell=bash
# A second engine, with the classic image store, as many machines still have it:
# no multi-platform images, no OCI export. The tests of the fallback need one.

: "${stack_dir:?}"

classic_home=$stack_dir/classic
classic_pid=$classic_home/docker.pid
classic_host=unix://$classic_home/docker.sock

classic_engine_host() { printf '%s' "$classic_host"; }

classic_engine_answers() { DOCKER_HOST=$classic_host engine_answers >/dev/null; }

# In a network namespace of its own: two engines in one would take each other's
# bridge and firewall rules away. Its containers reach nothing outside.
classic_engine_up() {
  local started=$SECONDS
  local -a options=(--config-file "$classic_home/daemon.json" --host "$classic_host" --pidfile "$classic_pid"
    --data-root "$classic_home/data" --exec-root "$classic_home/run" --group "$(id -gn)")
  if classic_engine_answers; then
    say classic "$classic_host, found running"
    return
  fi
  command -v dockerd >/dev/null || die "a second engine needs dockerd on this machine"
  mkdir -p "$classic_home"
  printf '{"features": {"containerd-snapshotter": false}}\n' >"$classic_home/daemon.json"
  forget_dead "$classic_pid" dockerd
  forget_dead "$classic_home/run/containerd/containerd.pid" containerd
  start_daemon classic-engine classic_engine_answers as_root setsid unshare --net dockerd "${options[@]}"
  say classic "$classic_host, started$(took "$started")"
}

classic_engine_down() {
  if runs "$classic_pid" dockerd; then
    stop "$classic_pid" dockerd 30 as_root
    say classic stopped
  fi
}

classic_engine_status() {
  classic_engine_answers || { say classic 'missing: the second engine does not answer' && return 1; }
  say classic "$classic_host"
}
