# shellcheck shell=bash
# The Distribution registry on a loopback port.

: "${stack_dir:?}" "${daemon_pid=}"

registry_pid=$stack_dir/registry.pid
registry_port_file=$stack_dir/registry.port

# registry_answers PORT: asked with Python, for curl is not on every machine.
registry_answers() {
  stack_python - "$1" <<'END' 2>/dev/null
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(f"http://127.0.0.1:{sys.argv[1]}/v2/", timeout=3) as answer:
    sys.exit(answer.status != 200)
END
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The registry's address as images are named. By name, not by number: Trivy
# writes no SARIF for an image named with 127.0.0.1.
registry_address() {
  local port
  port=$(cat "$registry_port_file" 2>/dev/null) && registry_answers "$port" && printf 'localhost:%s' "$port"
}

registry_up() {
  local started=$SECONDS how=started port address
  if address=$(registry_address); then
    say registry "$address, found running"
    return
  fi
  if registry_answers 5000; then
    printf '5000\n' >"$registry_port_file"
    say registry "localhost:5000, found running"
    return
  fi
  if [[ -z $(registry_binary) ]]; then
    how=installed
    apt_refresh
    apt_extract "$(of_newer_release docker-registry)"
  fi
  port=$(cat "$registry_port_file" 2>/dev/null || echo 5000)
  while port_taken "$port"; do port=$((port + 1)); done
  registry_start "$port"
  say registry "localhost:$port, $how$(took "$started")"
}

registry_binary() { PATH=$stack_dir/bin:$PATH command -v docker-registry || true; }

registry_start() {
  local config=$stack_dir/registry.yml
  cat >"$config" <<END
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: "$stack_dir/registry" }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:$1
  # Nothing here is secret; without it the registry warns at every start.
  secret: ci-toolkit
END
  start_daemon registry "registry_answers $1" setsid "$(registry_binary)" serve "$config"
  printf '%s\n' "$daemon_pid" >"$registry_pid"
  printf '%s\n' "$1" >"$registry_port_file"
}

registry_down() {
  if runs "$registry_pid" docker-registry; then
    stop "$registry_pid" docker-registry 10
    say registry stopped
  fi
  rm -f "$registry_pid"
}

registry_status() {
  local address
  address=$(registry_address) || { say registry 'missing: none answers' && return 1; }
  say registry "$address"
}
