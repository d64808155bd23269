# shellcheck shell=bash
# A browser for the tests of pages: Debian's Chromium and the program that drives it.

: "${stack_dir:?}"

browser_programs=(chromium chromedriver)
browser_packages=(chromium chromium-driver fonts-dejavu-core)

browser_there() {
  local program
  for program in "${browser_programs[@]}"; do command -v "$program" >/dev/null || return 1; done
}

browser_up() {
  local started=$SECONDS how='found installed'
  if ! browser_there; then
    how=installed
    apt_refresh
    apt_get install --no-install-recommends "${browser_packages[@]}" ||
      die "Chromium and chromedriver can't be had from the package index here: install them yourself"
  fi
  say browser "$(browser_version), $how$(took "$started")"
}

browser_status() {
  browser_there || { say browser "missing: ${browser_programs[*]}" && return 1; }
  say browser "$(browser_version)"
}

browser_version() { chromedriver --version | cut -d' ' -f1,2; }
