# shellcheck shell=bash
# What the toolkit's own image is built from. Where the engine has the images that
# the Dockerfile names, or can pull them, it is those; elsewhere images made of what
# this machine has stand in.

: "${stack_dir:?}" "${here:?}" "${debian_image:?}"

# As `docker build --build-arg` takes them, a line each.
toolkit_image_parts() {
  local argument image
  for argument in BASE_IMAGE DOCKER_IMAGE TRIVY_IMAGE; do
    image=$(sed -n "s/^ARG $argument=//p" "$here/../Dockerfile")
    if ! image_there "$image" && ! quietly_may_fail images timeout 300 docker pull --quiet "$image"; then
      image=$("stand_in_$argument") || return 1
    fi
    printf '%s=%s\n' "$argument" "$image"
  done
}

stand_in_BASE_IMAGE() {
  images_up_tests && printf '%s' "$debian_image"
}

stand_in_DOCKER_IMAGE() {
  local client plugin version
  client=$(command -v docker)
  plugin=$(docker info --format '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}')
  version=$(docker version --format '{{.Client.Version}}')-buildx-$(buildx_version)
  image_of_files "ci-toolkit-stack/docker-cli:${version//+/-}" \
    "$client" usr/local/bin/docker "$plugin" usr/local/libexec/docker/cli-plugins/docker-buildx
}

stand_in_TRIVY_IMAGE() {
  trivy_up && image_of_files "ci-toolkit-stack/trivy:$(trivy_version)" "$(trivy_binary)" usr/local/bin/trivy
}

# image_of_files NAME (FILE PATH)...: an image with these files alone, made if it
# isn't there; its name is printed.
image_of_files() {
  local name=$1 started=$SECONDS root
  shift
  if ! image_there "$name"; then
    root=$(mktemp -d "$stack_dir/image.XXXXXX")
    while (($#)); do
      mkdir -p "$root/${2%/*}"
      cp -L "$1" "$root/$2"
      chmod 755 "$root/$2"
      shift 2
    done
    tar -C "$root" --owner=0 --group=0 -c usr | quietly images docker import - "$name" || return 1
    rm -rf "$root"
    say images "$name, made of this machine's$(took "$started")"
  fi
  printf '%s' "$name"
}
