# shellcheck shell=bash
# Other people's tools, which the tests hold the toolkit's work against.

: "${stack_dir:?}"

# Single programs, unpacked into the stack's own bin; skopeo has libraries and
# settings of its own, and is installed.
extracted_tools=(crane oras)

tool_there() { PATH=$stack_dir/bin:$PATH command -v "$1" >/dev/null; }

tools_up() {
  local started=$SECONDS tool
  local -a missing=()
  for tool in "${extracted_tools[@]}"; do tool_there "$tool" || missing+=("$tool"); done
  if ((${#missing[@]})); then
    apt_refresh
    mapfile -t packages < <(of_newer_release "${missing[@]}")
    apt_extract "${packages[@]}"
  fi
  if ! tool_there skopeo; then
    missing+=(skopeo)
    apt_refresh
    apt_get install --no-install-recommends skopeo
  fi
  if ((${#missing[@]})); then
    say tools "installed ${missing[*]}$(took "$started")"
  else
    say tools "${extracted_tools[*]} skopeo, found installed"
  fi
}

tools_status() {
  local tool failed=0
  for tool in "${extracted_tools[@]}" skopeo; do
    tool_there "$tool" || { say tools "missing: $tool" && failed=1; }
  done
  ((failed)) || say tools "${extracted_tools[*]} skopeo"
  return "$failed"
}
