"""Where the entries of the triage stand, in files as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.config.ignore_places import ignore_places
from ci_toolkit.config.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.policy import Ignore

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
      expires: 2026-03-31
    - { id: CVE-2024-1, reason: vendored, owner: "me", expires: "2026-01-01" }
    - { id: CVE-2024-1, path: "opt/*", reason: vendored, owner: "me", expires: "2026-01-01" }
    - { id: "${ID}", reason: vendored, owner: me, expires: 2026-01-01 }
"""
LISTED = """\
# looked at by the platform's people

- id: CVE-2024-2
  reason: vendored
  owner: me
  expires: 2026-01-01
"""


def entries_of(file: Path) -> tuple[Ignore, ...]:
    return load(file, {"ID": "CVE-2024-3"}).scan.gate.ignores


def test_each_entry_has_its_file_and_line_and_one_by_variable_has_none(tmp_path: Path) -> None:
    file, other = tmp_path / ".ci-toolkit.yml", tmp_path / ".ci-toolkit/ignore.yml"
    file.write_text(CONFIG)
    other.parent.mkdir()
    other.write_text(LISTED)
    entries = entries_of(file)
    places = ignore_places(file, [other], entries)
    assert [places.get(entry) for entry in entries] == [(file, 6), (file, 11), (file, 12), None, (other, 3)]


def test_a_policy_from_elsewhere_has_no_lines_here(tmp_path: Path) -> None:
    file = tmp_path / ".ci-toolkit.yml"
    file.write_text(CONFIG)
    entries = entries_of(file)
    file.write_text("version: 1\nimages: {app: {}}\n")
    assert ignore_places(file, [], entries) == {}


def test_a_file_that_is_gone_or_broken_has_none(tmp_path: Path) -> None:
    file = tmp_path / ".ci-toolkit.yml"
    file.write_text(CONFIG)
    entries = entries_of(file)
    file.write_text("a: [")
    assert ignore_places(file, [tmp_path / "gone.yml"], entries) == {}
