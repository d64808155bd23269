"""The findings' table: kind by kind, the base image's share apart, bounded, harmless; and the same for machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci_toolkit.model.findings import ImageFindings, Severity
from ci_toolkit.report.table import scan_json, scan_table
from ci_toolkit.state import ImageState
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.layered import POLICY, explained, judged, layered

if TYPE_CHECKING:
    from ci_toolkit.model.gate import Decision
    from ci_toolkit.model.policy import GatePolicy

FIXABLE = replace(POLICY, fixable_only=True, ignores=())
GOLDEN = Path(__file__).parents[1] / "golden" / "table"
FILE = ".ci-toolkit/reports/backend/findings.json"


def state(decision: Decision) -> ImageState:
    return ImageState(
        verdict=decision.verdict,
        platform_verdicts={name: p.verdict for name, p in decision.platforms.items()},
        blocking=decision.grounds,
        ignored=decision.ignored,
        reports={"findings": FILE},
    )


def table(
    found: ImageFindings, policy: GatePolicy = FIXABLE, *, limit: int = 30, width: int = 160, color: bool = False
) -> str:
    decision = judged(found, policy)
    return scan_table(
        found, state(decision), decision, explained(found, policy), limit=limit, width=width, color=color
    )


@pytest.mark.parametrize("width", [80, 160])
def test_everything_in_a_terminal(width: int) -> None:
    assert f"{table(layered(), POLICY, width=width)}\n" == (GOLDEN / f"{width}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_a_section_is_wider_than_the_terminal(width: int) -> None:
    lines = table(layered(), POLICY, width=width).partition("what to do:")[0].splitlines()[2:]
    assert max(map(len, lines)) <= width


def test_severities_are_coloured_where_that_is_wanted() -> None:
    assert "\x1b" not in table(layered(), POLICY)
    assert "\x1b[1;31mcritical\x1b[0m" in table(layered(), POLICY, color=True)


def test_a_table_names_verdicts_and_marks_what_decided() -> None:
    found = table(image(platform(URLLIB3, ZLIB), platform(ZLIB, name="linux/arm64")))
    head, _, title, columns, first, second, *_ = found.splitlines()
    assert head.startswith("backend sha256:")
    assert head.endswith("fail (linux/amd64 fail, linux/arm64 pass); 1 critical, 1 high")
    assert title == "vulnerabilities"
    assert columns.split() == ["severity", "by", "package", "installed", "fixed", "in", "id", "title"]
    assert first.split() == ["critical", "zlib1g", "1:1.2.13.dfsg-1", "will_not_fix", "CVE-2023-45853"]
    assert second.split()[:7] == ["!", "high", "ghsa", "urllib3", "1.24.1", "1.24.2", "CVE-2019-11324"]
    assert "only linux/amd64: urllib3: certification mishandle" in second


def test_findings_of_a_package_stand_together_under_its_name() -> None:
    minor = replace(URLLIB3, id="CVE-1", severity=Severity.LOW)
    medium = replace(ZLIB, id="CVE-2", package="bash", purl="", severity=Severity.MEDIUM)
    lines = table(image(platform(minor, medium, URLLIB3))).splitlines()[4:7]
    assert [line.removeprefix("  !").split()[0] for line in lines] == ["high", "low", "medium"]
    assert ["urllib3" in line.partition("CVE-")[0] for line in lines] == [True, False, False]


def test_a_package_that_is_there_twice_says_where() -> None:
    other = replace(URLLIB3, path="opt/venv/urllib3-1.24.1.dist-info/METADATA")
    found = table(image(platform(URLLIB3, other)))
    assert "in /app/urllib3-1.24.1.dist-info/METADATA: urllib3: certification" in found
    assert "in /opt/venv/urllib3-1.24.1.dist-info/METADATA: urllib3:" in found
    assert "in /app" not in table(image(platform(URLLIB3))).partition("what to do")[0]


def test_a_long_table_keeps_what_blocks_and_ends_in_a_number() -> None:
    severe = [replace(ZLIB, id=f"CVE-{n}") for n in range(40)]
    lines = table(image(platform(*severe, URLLIB3)), limit=10).splitlines()
    more = lines.index(f"  … and 31 more in {FILE}")
    assert not lines[more - 1]  # of all kinds: not of the last section alone
    assert sum(line.startswith("  !") and "CVE-2019-11324" in line for line in lines) == 1


def test_what_refuses_besides_findings_has_its_reason_and_its_way_out() -> None:
    nothing = platform(os="", packages=0)
    found = table(
        image(nothing, replace(nothing, platform="linux/arm64"), platform(name="linux/s390x", end_of_life=True))
    )
    assert [line.strip() for line in found.splitlines()[1:]] == [
        "! linux/amd64, linux/arm64: nothing was recognised: no operating system and no packages",
        "next: is the image built as it should be? If it holds nothing that a scanner knows, say so: `scratch: true`",
        "! linux/s390x: debian 12.5 is past its end of life: nobody mends it any more",
        "next: move to a release that still gets updates; until then `scan.gate.end-of-life-os: warn` lets it pass",
    ]


def test_nothing_found_is_said() -> None:
    [line] = table(image(platform())).splitlines()
    assert line.endswith("pass (linux/amd64 pass); nothing found")


@pytest.mark.parametrize("field", ["id", "package", "installed", "fixed", "title", "severity_source"])
def test_no_text_from_outside_acts_on_the_terminal_or_the_ci_system(field: str) -> None:
    words: Any = {field: "\x1b[2Jurl\nlib3 x\n::add-mask::y\r##[group]" + "z" * 1_000_000}
    hostile = replace(URLLIB3, **words)
    found = table(image(platform(hostile)))
    assert len(found) < 10_000
    assert "\x1b" not in found
    assert "::add-mask" not in found
    assert "##[" not in found


def test_machines_get_everything() -> None:
    found = image(platform(URLLIB3))
    document = scan_json(found, state(judged(found)), judged(found), explained(found))
    assert document["verdict"] == "fail"
    assert document["counts"] == {"critical": 0, "high": 1, "medium": 0, "low": 0, "unknown": 0}
    assert document["platforms"][0]["findings"][0]["id"] == "CVE-2019-11324"
    assert document["blocking"] == ["CVE-2019-11324 urllib3 1.24.1 (high)"]
    [act] = document["explanation"]["acts"]
    assert (act["kind"], act["takes_away"]) == ("package", document["blocking"])
