"""Files of ignored findings: read like the config, all that is wrong at once, part of the policy."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.config.load import load
from ci_toolkit.config.rules import rules
from ci_toolkit.errors import ConfigError
from ci_toolkit.files import packaged_schema
from tests.harness.configs import SMALL

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 27)
ENTRY = "- {id: CVE-1, reason: unused, owner: me, expires: 2027-01-31}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose config says nothing of ignored findings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ci-toolkit").mkdir()
    (tmp_path / ".ci-toolkit.yml").write_text(SMALL)
    return tmp_path


def ids(root: Path, scan: str = "") -> list[str]:
    """The ids that the gate goes by."""
    (root / ".ci-toolkit.yml").write_text(SMALL + (f"scan: {{{scan}}}\n" if scan else ""))
    return [entry.id for entry in load(root / ".ci-toolkit.yml", {"ID": "CVE-9"}, today=TODAY).scan.gate.ignores]


def refused(root: Path, scan: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        ids(root, scan)
    return list(caught.value.violations)


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n\n  # really\n", "[]\n"])
def test_a_file_may_list_nothing(root: Path, text: str) -> None:
    (root / ".ci-toolkit/ignore.yml").write_text(text)
    assert ids(root) == []


def test_files_follow_the_config_and_may_be_missing(root: Path) -> None:
    (root / "a.yml").write_text(ENTRY + "- {id: '${ID}', reason: unused, owner: me, expires: 2027-01-31}\n")
    (root / "b.yml").write_bytes(b"\xef\xbb\xbf" + ENTRY.replace("CVE-1", "GPL-2.0 or later").encode())
    own = "ignore: [{id: CVE-0, reason: unused, owner: me, expires: 2027-01-31}]"
    assert ids(root, f"{own}, ignore-files: [a.yml, gone.yml, b.yml]") == [
        "CVE-0",
        "CVE-1",
        "CVE-9",
        "GPL-2.0 or later",
    ]


def test_every_violation_of_every_file_has_its_place(root: Path) -> None:
    (root / "a.yml").write_text("- id: CVE-1\n  reasn: unused\n  owner: me\n  owner: you\n  expires: 2027-01-32\n")
    (root / "b.yml").write_text(ENTRY.replace("}", ", image: ap}") + "- []\n")
    assert refused(root, "ignore-files: [a.yml, b.yml]") == [
        "a.yml:1:3: [0].reason: reason is missing (for example minizip is not built)",
        'a.yml:2:3: [0].reasn: unknown key "reasn": did you mean reason?',
        'a.yml:4:3: [0].owner: the key "owner" is given a second time, first in line 3',
        "a.yml:5:12: [0].expires: '2027-01-32' is no date: write a day of the calendar as YYYY-MM-DD",
        'b.yml:1:70: [0].image: no image is called "ap": did you mean app?',
        "b.yml:2:3: [1]: a list is given where a mapping is needed",
    ]


def test_a_file_that_is_no_text_hides_no_other(root: Path) -> None:
    (root / "a.yml").write_bytes(b"\xff\xfe")
    (root / "b.yml").write_text("nonsense\n")
    first, second = refused(root, "ignore-files: [a.yml, b.yml]")
    assert first.startswith("a.yml:1:1: the file is encoded as UTF-16")
    assert second == "b.yml:1:1: text is given where a list is needed"


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ("expires: 2027-11-27", None),
        ("expires: 2027-11-28", "an entry lasts 365 days at most, this one until 2027-11-27"),
        ("created: 2026-01-01, expires: 2027-01-01", None),
        ("created: 2026-01-01, expires: 2027-01-02", "an entry lasts 365 days at most, this one until 2027-01-01"),
        ("created: 2026-11-28, expires: 2027-01-01", None),
        ("created: 2026-11-29, expires: 2027-01-01", "2026-11-29 is still to come"),
        ("created: 2026-11-02, expires: 2026-11-01", "2026-11-01 is before the entry was created, on 2026-11-02"),
        ("expires: 2020-01-01", None),
    ],
)
@pytest.mark.parametrize("where", ["config", "file"])
def test_no_entry_outlives_the_longest_lifetime(root: Path, where: str, dates: str, said: str | None) -> None:
    entry = f"{{id: CVE-1, reason: unused, owner: me, {dates}}}"
    (root / ".ci-toolkit/ignore.yml").write_text(f"- {entry}\n" if where == "file" else "")
    scan = f"ignore: [{entry}]" if where == "config" else ""
    if said is None:
        assert ids(root, scan) == ["CVE-1"]
    else:
        (violation,) = refused(root, scan)
        assert said in violation
        assert violation.startswith(".ci-toolkit/ignore.yml:1:" if where == "file" else ".ci-toolkit.yml:5:")


def test_the_lifetime_is_the_projects_to_set(root: Path) -> None:
    (root / ".ci-toolkit/ignore.yml").write_text(ENTRY)
    assert "lasts 30 days at most" in refused(root, "ignore-lifetime: 30d")[0]


def test_where_an_entry_stands_is_no_matter_to_the_policy(root: Path) -> None:
    entry = "{id: CVE-1, reason: unused, owner: me, expires: 2027-01-31}"
    (root / "other.yml").write_text(f"- {entry}\n")

    def hashed(scan: str) -> str:
        (root / ".ci-toolkit.yml").write_text(f"{SMALL}scan: {{{scan}}}\n")
        return load(root / ".ci-toolkit.yml", {}, today=TODAY).policy_hash

    in_a_file = hashed("ignore-files: [other.yml]")
    assert in_a_file == hashed(f"ignore: [{entry}]")
    assert in_a_file != hashed("")


def test_a_link_out_of_the_project_is_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "ignore.yml"
    outside.write_text(ENTRY)
    (root / "linked.yml").symlink_to(outside)
    (violation,) = refused(root, "ignore-files: [linked.yml]")
    assert violation.endswith("a symbolic link on the way leads out of the config's directory")


@pytest.mark.parametrize("path", ["../ignore.yml", "/etc/ignore.yml", "~/ignore.yml"])
def test_a_path_stays_inside(root: Path, path: str) -> None:
    assert "scan.ignore-files[0]" in refused(root, f"ignore-files: ['{path}']")[0]


def test_the_bases_files_are_read_beside_its_config() -> None:
    held = {"sec/a.yml": ("base:sec/a.yml", ENTRY)}
    text = f"{SMALL}scan: {{ignore-files: [sec/a.yml, gone.yml]}}\n"
    read = rules(text.encode(), "base:x", {}, held.get, today=TODAY)
    assert [entry.id for entry in read.scan.gate.ignores] == ["CVE-1"]
    held["sec/a.yml"] = ("base:sec/a.yml", ENTRY + "- CVE-2\n")
    with pytest.raises(ConfigError) as caught:
        rules(text.encode(), "base:x", {}, held.get, today=TODAY)
    assert caught.value.violations == ("base:sec/a.yml:2:3: [1]: text is given where a mapping is needed",)


def test_an_entry_that_lasts_too_long_in_the_base_is_refused_there() -> None:
    late = TODAY + timedelta(days=400)
    text = f"{SMALL}scan: {{ignore: [{{id: CVE-1, reason: x, owner: y, expires: {late}}}]}}\n"
    with pytest.raises(ConfigError, match="1 error in base:x"):
        rules(text.encode(), "base:x", {}, today=TODAY)


def test_the_schemas_say_the_same_of_an_entry() -> None:
    own, configs = (json.loads(packaged_schema(f"{name}.schema.json"))["$defs"] for name in ("ignore", "ci-toolkit"))
    assert own == {name: configs[name] for name in own}
    assert "ignore" in own
