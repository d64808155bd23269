# shellcheck shell=bash
# The distribution's packages, without a change to the machine's own apt
# configuration: a private one beside it knows the same sources and, on an older
# Debian, those of a newer release, at a priority that moves nothing else.

: "${stack_dir:?}" "${here:?}"

apt_home=$stack_dir/apt
newer_release=forky

apt_possible() { command -v apt-get >/dev/null && [[ -r /etc/os-release ]]; }

# os_release KEY: ID, VERSION_ID, VERSION_CODENAME, ...
os_release() { (. /etc/os-release && printf '%s' "${!1:-}"); }

debian_before() { [[ $(os_release ID) == debian && $(os_release VERSION_ID) =~ ^[0-9]+$ ]] && ((BASH_REMATCH[0] < $1)); }

# Debian 12 has these packages in versions that are too old; Debian 13 lacks some,
# which apt then finds in the newer release by itself.
needs_newer_release() { debian_before 13; }
knows_newer_release() { debian_before 14; }

# Writes the private configuration and reads the package lists, once a day.
# Several parts may want that at once: the first does it, the others wait.
apt_refresh() {
  local lock
  exec {lock}>"$stack_dir/apt.lock"
  flock "$lock"
  # $$ is the same in every strand: what failed for one of them isn't tried again.
  [[ $(cat "$stack_dir/apt.failed" 2>/dev/null) != "$$" ]] || return 1
  apt_refresh_alone || { echo "$$" >"$stack_dir/apt.failed" && return 1; }
  exec {lock}>&-
}

apt_refresh_alone() {
  [[ -z $(find "$apt_home/fresh" -mmin -1440 2>/dev/null) ]] || return 0
  apt_possible || die "there is no apt-get here: install Docker Engine 25 or newer with Buildx, docker-registry and Trivy yourself"
  local sources=$apt_home/sources.list.d file
  as_root rm -rf "$apt_home"
  mkdir -p "$sources" "$apt_home"/{preferences.d,lists/partial,archives/partial}
  for file in /etc/apt/sources.list.d/*.{list,sources}; do
    [[ ! -s $file ]] || cp "$file" "$sources/"
  done
  [[ ! -s /etc/apt/sources.list ]] || cp /etc/apt/sources.list "$sources/machine.list"
  cp /etc/apt/preferences.d/* "$apt_home/preferences.d/" 2>/dev/null || true
  if knows_newer_release; then
    release_sources "$newer_release" >"$apt_home/newer.sources"
    mv "$apt_home/newer.sources" "$sources/"
    printf 'Package: *\nPin: release n=%s*\nPin-Priority: 100\n' "$newer_release" >"$apt_home/preferences.d/newer.pref"
  fi
  private_apt_conf "$apt_home" >"$apt_home/apt.conf"
  apt_get update && touch "$apt_home/fresh"
}

# release_sources RELEASE: the machine's sources, for another release.
release_sources() {
  local -a files=()
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
    [[ ! -s $file ]] || files+=("$file")
  done
  stack_python "$here/stack.d/sources_of_release.py" "$(os_release VERSION_CODENAME)" "$1" "${files[@]}"
}

private_apt_conf() {
  cat <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/sources.list.d";
Dir::Etc::preferencesparts "$1/preferences.d";
Dir::State::lists "$1/lists";
Dir::Cache::archives "$1/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
}

# of_newer_release PACKAGE...: the same names, asked from there where it is needed.
of_newer_release() {
  if needs_newer_release; then printf '%s\n' "${@/%//$newer_release}"; else printf '%s\n' "$@"; fi
}

# apt_get ARGUMENT...: as root, with the private configuration.
apt_get() {
  quietly apt as_root env APT_CONFIG="$apt_home/apt.conf" DEBIAN_FRONTEND=noninteractive \
    apt-get -qy -o DPkg::Lock::Timeout=300 "$@"
}

# apt_candidate PACKAGE: the version that would be installed; empty if there is none.
apt_candidate() {
  env APT_CONFIG="$apt_home/apt.conf" apt-cache policy "$1" | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'
}

# apt_extract PACKAGE...: programs of these packages into the stack's own bin,
# with no root, no service started and nothing installed on the machine.
apt_extract() {
  local into deb
  into=$(mktemp -d "$stack_dir/extract.XXXXXX")
  (cd "$into" && quietly apt env APT_CONFIG="$apt_home/apt.conf" apt-get -q download "$@") || return 1
  for deb in "$into"/*.deb; do dpkg-deb -x "$deb" "$into/root"; done
  # Followed: Compose's program is a link to the CLI's plugin.
  cp -Lf "$into"/root/usr/bin/* "$stack_dir/bin/"
  rm -rf "$into"
}
