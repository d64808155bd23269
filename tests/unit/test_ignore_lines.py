"""Where the entries of `scan.ignore` stand, in a config as people write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.config.ignore_lines import ignore_lines
from ci_toolkit.config.load import load

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
version: 1
images: {app: {repositories: [ghcr.io/acme/app]}}
scan:
  ignore:
    # minizip
    - id: CVE-2023-45853
      package: zlib1g
      reason: not built
      owner: platform
      expires: 2027-03-31
    - { id: CVE-2024-1, reason: vendored, owner: "me", expires: "2027-01-01" }
    - { id: CVE-2024-1, path: "opt/*", reason: vendored, owner: "me", expires: "2027-01-01" }
    - { id: "${ID}", reason: vendored, owner: me, expires: 2027-01-01 }
"""


def test_each_entry_has_its_line_and_one_by_variable_has_none(tmp_path: Path) -> None:
    file = tmp_path / ".ci-toolkit.yml"
    file.write_text(CONFIG)
    entries = load(file, {"ID": "CVE-2024-3"}).scan.gate.ignores
    assert [ignore_lines(file, entries).get(entry) for entry in entries] == [6, 11, 12, None]


def test_a_policy_from_elsewhere_has_no_lines_here(tmp_path: Path) -> None:
    file = tmp_path / ".ci-toolkit.yml"
    file.write_text(CONFIG)
    entries = load(file, {"ID": "CVE-2024-3"}).scan.gate.ignores
    file.write_text("version: 1\nimages: {app: {}}\n")
    assert ignore_lines(file, entries) == {}


def test_a_file_that_is_gone_or_broken_has_none(tmp_path: Path) -> None:
    file = tmp_path / ".ci-toolkit.yml"
    assert ignore_lines(file, []) == {}
    file.write_text("a: [")
    assert ignore_lines(file, []) == {}
