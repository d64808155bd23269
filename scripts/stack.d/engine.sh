# shellcheck shell=bash
# Docker Engine 25 or newer with Buildx.

: "${stack_dir:?}"

engine_minimum=25
engine_pid=/var/run/docker.pid
engine_socket=/var/run/docker.sock

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null; }

buildx_version() { docker buildx version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# What is to be decided before the strands part: may we install and start at all?
engine_prepare() {
  local version
  if version=$(engine_answers); then
    ((${version%%.*} >= engine_minimum)) ||
      die "Docker Engine $version is older than $engine_minimum: upgrade it"
    return
  fi
  [[ -z ${DOCKER_HOST:-} ]] ||
    die "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST"
  if [[ -S $engine_socket && ! -w $engine_socket ]] && as_root docker version >/dev/null 2>&1; then
    engine_open_socket
  fi
}

engine_up() {
  local started=$SECONDS how='found running' version
  if ! engine_answers >/dev/null; then
    how=started
    if ! command -v dockerd >/dev/null; then
      how=installed
      engine_install
    fi
    if ! engine_answers >/dev/null; then engine_start; fi
  fi
  if [[ -z $(buildx_version) ]]; then
    buildx_install || die "Buildx is missing: install Docker's buildx plugin"
    how+=', Buildx installed'
  fi
  version=$(engine_answers) || die "the engine stopped answering: see $stack_dir/log/engine.log"
  say engine "Docker $version with Buildx $(buildx_version), $how$(took "$started")"
}

engine_install() {
  local -a packages=(docker.io docker-buildx)
  local candidate
  apt_refresh
  if needs_newer_release; then
    # Each one by name, or it would stay at the older release.
    mapfile -t packages < <(of_newer_release docker.io docker-cli docker-buildx tini-static)
  else
    # The client is a package of its own on Debian, and isn't on Ubuntu.
    [[ -z $(apt_candidate docker-cli) ]] || packages+=(docker-cli)
    candidate=$(apt_candidate docker.io)
    ((${candidate%%.*} >= engine_minimum)) ||
      die "this release's Docker is ${candidate:-missing}, and $engine_minimum is needed: install Docker Engine from its own packages"
  fi
  say engine "installing Docker from the distribution's packages"
  engine_configure
  apt_get install --no-install-recommends "${packages[@]}"
}

buildx_install() { apt_refresh && apt_get install --no-install-recommends "$(of_newer_release docker-buildx)"; }

# The containerd image store is what holds images of several platforms. A
# configuration that is there already is the owner's, and stays as it is.
engine_configure() {
  [[ ! -e /etc/docker/daemon.json ]] || return 0
  as_root mkdir -p /etc/docker
  printf '{"features": {"containerd-snapshotter": true}}\n' | as_root tee /etc/docker/daemon.json >/dev/null
}

engine_start() {
  local -a options=()
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl start docker || die "the engine doesn't start: systemctl status docker"
    wait_for 60 engine_ready || die "the engine doesn't answer after 60 s: systemctl status docker"
  else
    forget_dead "$engine_pid" dockerd
    forget_dead /var/run/docker/containerd/containerd.pid containerd
    [[ $EUID -eq 0 ]] || options+=(--group "$(id -gn)")
    touch "$stack_dir/engine.started"
    start_daemon engine engine_ready as_root setsid dockerd "${options[@]}"
  fi
  engine_answers >/dev/null || engine_open_socket
}

# It runs, if perhaps not for us: the socket may be root's.
engine_ready() { engine_answers || { [[ -S $engine_socket && ! -w $engine_socket ]] && as_root docker version; }; }

# On a machine that was just set up, the user isn't in the docker group yet.
engine_open_socket() {
  as_root chgrp "$(id -g)" "$engine_socket"
  say engine "opened its socket to $(id -gn) until its next start; for good: sudo usermod -aG docker $(id -un)"
}

engine_down() {
  [[ -e $stack_dir/engine.started ]] || return 0
  stop "$engine_pid" dockerd 30 as_root
  rm -f "$stack_dir/engine.started"
  say engine stopped
}

engine_status() {
  local version
  version=$(engine_answers) || { say engine 'missing: no engine answers' && return 1; }
  [[ -n $(buildx_version) ]] || { say engine "Docker $version, but Buildx is missing" && return 1; }
  say engine "Docker $version with Buildx $(buildx_version)"
}
