# shellcheck shell=bash
# The base images that the example and the tests build on. Where the engine has
# them, or can pull them, they are the public ones; elsewhere they are made from
# Debian's packages and stand in under the same names.

: "${stack_dir:?}" "${here:?}"

base_image=busybox:stable
debian_image=debian:bookworm-slim
debian_codename=bookworm

image_there() { docker image inspect "$1" >/dev/null 2>&1; }

images_up() { image_up "$base_image" 60 base_image_make "from Debian's packages"; }

images_up_tests() { image_up "$debian_image" 120 debian_image_make "with debootstrap"; }

# image_up IMAGE SECONDS MAKE HOW: pulled within that time, or made.
image_up() {
  local started=$SECONDS
  if image_there "$1"; then
    say images "$1, found in the engine"
  elif quietly_may_fail images timeout "$2" docker pull --quiet "$1"; then
    say images "$1, pulled$(took "$started")"
  else
    "$3"
    say images "$1, made $4$(took "$started")"
  fi
}

# The packages of both architectures come through apt, which checks their
# signatures, with a configuration of its own: the machine keeps its architecture.
base_image_make() {
  local home=$stack_dir/base-image architecture
  local -a roots=()
  rm -rf "$home"
  mkdir -p "$home"/{sources.list.d,preferences.d,lists/partial,archives/partial,packages}
  release_sources "$(os_release VERSION_CODENAME)" >"$home/sources.list.d/base.sources"
  {
    private_apt_conf "$home"
    printf 'APT::Architectures { "amd64"; "arm64"; };\nDir::State::status "/dev/null";\n'
  } >"$home/apt.conf"
  quietly images env APT_CONFIG="$home/apt.conf" apt-get -q update
  (cd "$home/packages" && quietly images env APT_CONFIG="$home/apt.conf" apt-get -q download busybox-static:{amd64,arm64})
  for architecture in amd64 arm64; do
    dpkg-deb -x "$home"/packages/*_"$architecture".deb "$home/$architecture"
    roots+=("$architecture=$home/$architecture")
  done
  stack_python "$here/stack.d/base_image.py" "docker.io/library/$base_image" "$home/image.tar" "${roots[@]}"
  quietly images docker load --input "$home/image.tar"
  rm -rf "$home"
}

# Like the public image: no documentation, no translations, no package lists.
debian_image_make() {
  local home=$stack_dir/debian-image mirror keyring
  if ! command -v debootstrap >/dev/null; then
    apt_refresh
    apt_get install --no-install-recommends debootstrap
  fi
  mirror=$(release_sources "$debian_codename" | sed -n 's/^Uris: //p' | head -n 1)
  keyring=$(release_sources "$debian_codename" | sed -n 's/^Signed-By: //p' | head -n 1)
  [[ $mirror ]] || die "$debian_image can't be pulled, and this machine has no Debian sources to make it from"
  as_root rm -rf "$home"
  mkdir -p "$home"
  quietly images as_root debootstrap --variant=minbase ${keyring:+--keyring="$keyring"} \
    "$debian_codename" "$home/root" "${mirror%% *}"
  as_root tar -C "$home/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' \
    --exclude='./usr/share/locale/*' --exclude='./var/log/*' --exclude='./dev/*' --one-file-system -c . |
    quietly images docker import --change 'CMD ["bash"]' - "$debian_image"
  as_root rm -rf "$home"
}

images_status() { image_status "$base_image"; }

images_status_tests() { image_status "$debian_image"; }

image_status() {
  image_there "$1" || { say images "missing: $1" && return 1; }
  say images "$1"
}
