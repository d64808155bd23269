# shellcheck shell=bash
# Other people's tools, which the tests hold the toolkit's work against.

: "${stack_dir:?}"

# Single programs, unpacked into the stack's own bin; those with libraries and
# settings of their own are installed. gitlab-ci-local copies with rsync.
extracted_tools=(crane cosign oras docker-compose kubectl kustomize)
installed_tools=(strace rsync sshd gpg)
declare -A package_of=([sshd]=openssh-server [gpg]=gnupg)

tool_there() { PATH=$stack_dir/bin:$PATH:/usr/sbin command -v "$1" >/dev/null; }

# The tests start an sshd of their own; the machine's, which a package starts,
# was not there before.
stop_new_sshd() { [[ ! -d /run/systemd/system ]] || as_root systemctl disable --quiet --now ssh.service ssh.socket; }

tools_up() {
  local started=$SECONDS tool
  local -a missing=() packages=()
  for tool in "${extracted_tools[@]}"; do tool_there "$tool" || missing+=("$tool"); done
  if ((${#missing[@]})); then
    apt_refresh
    mapfile -t packages < <(of_newer_release "${missing[@]}")
    apt_extract "${packages[@]}"
  fi
  packages=()
  for tool in "${installed_tools[@]}"; do tool_there "$tool" || packages+=("${package_of[$tool]:-$tool}"); done
  if ((${#packages[@]})); then
    missing+=("${packages[@]}")
    apt_refresh
    apt_get install --no-install-recommends "${packages[@]}"
    [[ ${packages[*]} != *openssh-server* ]] || stop_new_sshd
  fi
  if ((${#missing[@]})); then
    say tools "installed ${missing[*]}$(took "$started")"
  else
    say tools "${extracted_tools[*]} ${installed_tools[*]}, found installed"
  fi
}

tools_status() {
  local tool failed=0
  for tool in "${extracted_tools[@]}" "${installed_tools[@]}"; do
    tool_there "$tool" || { say tools "missing: $tool" && failed=1; }
  done
  ((failed)) || say tools "${extracted_tools[*]} ${installed_tools[*]}"
  return "$failed"
}
