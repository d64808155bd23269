# shellcheck shell=bash
# The image that act runs a workflow's jobs in, as the real runner's machine: git,
# and node for actions. act copies files into /var/run, which the engine refuses
# where that is a link.

: "${stack_dir:?}" "${debian_image:?}"

act_runner=ci-toolkit-stack/act-runner:1

act_runner_there() { image_there "$act_runner"; }

act_runner_up() {
  local started=$SECONDS how='found in the engine'
  if ! act_runner_there; then
    how=made
    quietly images docker build --builder "$(docker context show)" --tag "$act_runner" - <<END
FROM $debian_image
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends ca-certificates git nodejs \\
    && rm -rf /var/lib/apt/lists/* \\
    && rm /var/run && mkdir /var/run
END
  fi
  say images "$act_runner, $how$(took "$started")"
}

act_runner_status() { image_status "$act_runner"; }
