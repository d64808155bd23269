"""`ci-toolkit triage` by the real command: what it edits, what it refuses, what it leaves alone."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

TODAY = datetime.now(UTC).date()
WHY = ("--reason", "not reachable", "--owner", "shop")
OWN = "scan: {ignore: [{id: CVE-1, reason: old, owner: shop, expires: 2026-01-31}], ignore-files: [a.yml, b.yml]}"


class Triage:
    """A project, and the command in it."""

    def __init__(self, root: Path) -> None:
        self.workplace = Workplace(root)
        self.workplace.configure("ghcr.io/acme/app", more=OWN)
        self.file = self.workplace.project / "a.yml"

    def __call__(self, *arguments: str, code: int = 0) -> CompletedProcess[str]:
        done = self.workplace.run("triage", *arguments)
        assert done.returncode == code, done.stderr
        return done

    def ids(self) -> list[str]:
        """What `list` shows."""
        return [entry["id"] for entry in json.loads(self("list", "--format", "json").stdout)["entries"]]


@pytest.fixture
def triage(tmp_path: Path) -> Triage:
    return Triage(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("CVE-2", "--reason", "x", "--owner", ""), 'the entry\'s owner: "" is no line of text'),
        (("CVE-2", "--reason", "x", "--owner", "a\nb"), "next: name with --owner, on one line, who answers"),
        (("CVE-2", "--reason", " ", "--owner", "me"), "next: say with --reason, on one line, why"),
        (("", *WHY), "next: give the id as the report has it"),
        (("CVE-2", *WHY, "--package", ""), "next: leave --package out, or give it a value"),
        (("CVE-2", *WHY, "--expires", ""), "'' is no duration"),
    ],
)
def test_an_entry_that_says_too_little_is_refused_by_the_option_that_should_say_it(
    triage: Triage, arguments: tuple[str, ...], said: str
) -> None:
    refused = triage("add", *arguments, code=2).stderr
    assert said in refused
    assert "by hand" not in refused
    assert not triage.file.exists()


def test_an_entry_has_ninety_days_unless_told_or_limited(triage: Triage) -> None:
    triage("add", "CVE-2", *WHY)
    triage("add", "CVE-3", *WHY, "--expires", "7d")
    triage("add", "CVE-4", *WHY, "--expires", f"{TODAY}")
    triage.workplace.configure(
        "ghcr.io/acme/app", more=OWN.replace("}]", "}], ignore-lifetime: 30d").replace("a.yml, ", "")
    )
    triage("add", "CVE-5", *WHY)
    entries = json.loads(triage("list", "--format", "json").stdout)["entries"]
    assert [entry["expires"] for entry in entries if entry["id"] == "CVE-5"] == [f"{TODAY + timedelta(days=30)}"]
    days = [90, 7, 0]
    assert [line.split()[1] for line in triage.file.read_text().splitlines() if "expires" in line] == [
        f"{TODAY + timedelta(days=number)}" for number in days
    ]


def test_the_file_keeps_its_bytes_and_its_mode(triage: Triage) -> None:
    before = (
        b"\xef\xbb\xbf# ours \xe2\x98\x83\r\n\r\n  - {id: CVE-2, reason: 'it''s', owner: me, expires: 2026-12-01} # so"
    )
    triage.file.write_bytes(before)
    triage.file.chmod(0o640)
    triage("add", "Foo::Bar #1", "--path", "app/*", "--file", "a.yml", *WHY)
    after = triage.file.read_bytes()
    assert after.startswith(before + b'\r\n  - id: "Foo:\\u003aBar #1"\r\n    path: "app/*"\r\n')
    assert stat.S_IMODE(triage.file.stat().st_mode) == 0o640
    assert set(triage.ids()) == {"CVE-1", "CVE-2", "Foo::Bar #1"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("CVE-1",), "there is an entry for CVE-1 already, in .ci-toolkit.yml:"),
        (("CVE-2", "--image", "ap"), "there is no image 'ap'"),
        (("CVE-2", "--file", "c.yml"), "the config reads no entries from c.yml"),
        (("CVE-2", "--expires", "2020-01-01"), "next: name another day with --expires"),
        (("CVE-2", "--expires", "366d"), "an entry lasts 365 days at most"),
        (("CVE-2", "--expires", "soon"), "next: --expires takes a day, such as 2027-03-31, or how long"),
        ((" ",), "next: give the id as the report has it"),
        (("CVE-2\nCVE-3",), "next: give the id as the report has it"),
    ],
)
def test_what_would_be_wrong_is_refused_and_nothing_written(
    triage: Triage, arguments: tuple[str, ...], said: str
) -> None:
    assert said in triage("add", *arguments, *WHY, code=2).stderr
    assert not triage.file.exists()


def test_an_entry_needs_a_reason_and_an_owner(triage: Triage) -> None:
    assert "--owner" in triage("add", "CVE-2", "--reason", "x", code=2).stderr
    assert "--reason" in triage("add", "CVE-2", "--owner", "x", code=2).stderr


@pytest.mark.parametrize("text", ["[{id: CVE-2, reason: x, owner: y, expires: 2026-01-31}]\n", "[]\n"])
def test_a_file_in_another_form_is_left_alone(triage: Triage, text: str) -> None:
    triage.file.write_text(text)
    assert "don't stand one below the other" in triage("add", "CVE-3", *WHY, code=2).stderr
    assert triage.file.read_text() == text


def test_pruning_leaves_the_config_to_people(triage: Triage) -> None:
    config = triage.workplace.project / ".ci-toolkit.yml"
    before = config.read_text()
    kept = f"- {{id: CVE-3, reason: x, owner: y, expires: {TODAY}}}\n"
    triage.file.write_text(f"# first\n\n- {{id: CVE-2, reason: x, owner: y, expires: 2026-01-31}}\n{kept}")
    said = triage("prune").stdout.splitlines()
    assert said[0] == "removed from a.yml: CVE-2, expired on 2026-01-31"
    assert said[1].startswith("left in .ci-toolkit.yml:")
    assert (triage.file.read_text(), config.read_text()) == (f"# first\n\n{kept}", before)
    triage.file.write_text("# first\n")
    assert triage("add", "CVE-4", *WHY).returncode == 0
    assert triage.file.read_text().startswith("# first\n- id: CVE-4\n")


def test_trivys_file_is_taken_over_once(triage: Triage) -> None:
    soon = TODAY + timedelta(days=20)
    file = triage.workplace.project / ".trivyignore"
    file.write_text(f"# the parser is off\nCVE-5 exp:{soon}\nCVE-6\nCVE-7 exp:2026-01-01\nCVE-1\n")
    answers = ("--owner", "shop", "--reason", "as before", "--expires", "10d", "--image", "app")
    said = triage("import", ".trivyignore", *answers).stdout.splitlines()
    assert said == [
        "left out: CVE-7 in app, it expired after 2025-12-31",
        f"added to a.yml: CVE-5 in app, until {soon - timedelta(days=1)}",
        f"added to a.yml: CVE-6 in app, until {TODAY + timedelta(days=10)}",
        f"added to a.yml: CVE-1 in app, until {TODAY + timedelta(days=10)}",
    ]
    again = triage("import", ".trivyignore", *answers).stdout.splitlines()
    assert [line.partition(",")[0] for line in again] == [f"left out: CVE-{n} in app" for n in (5, 6, 7, 1)]
    assert "reason: the parser is off\n" in triage.file.read_text()


def test_a_file_may_be_missing_or_list_nothing(triage: Triage) -> None:
    assert "'gone' does not exist" in triage("import", "gone", "--owner", "shop", code=2).stderr
    (triage.workplace.project / "empty.yaml").write_text("# nothing\n")
    assert triage("import", "empty.yaml", "--owner", "shop").stdout == "empty.yaml lists nothing\n"
    assert not triage.file.exists()


def test_an_expiry_too_far_away_is_named_by_its_line(triage: Triage) -> None:
    file = triage.workplace.project / "trivyignore.yaml"
    file.write_text("secrets:\n  - id: a\n    statement: b\n    expired_at: 2099-01-01\n")
    refused = triage("import", "trivyignore.yaml", "--owner", "shop", code=2)
    assert refused.stderr.startswith("trivyignore.yaml:2:5: an entry lasts 365 days at most")
    assert not triage.file.exists()
