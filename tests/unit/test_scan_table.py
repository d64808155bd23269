"""The findings' table: grouped, bounded, harmless; and the same for machines."""

from __future__ import annotations

from dataclasses import replace

from ci_toolkit.model.findings import ImageFindings, Severity
from ci_toolkit.model.gate import evaluate
from ci_toolkit.report.table import scan_json, scan_table
from ci_toolkit.state import ImageState
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.reports import POLICY, TODAY

FAILED = ImageState(
    verdict="fail",
    platform_verdicts={"linux/amd64": "fail", "linux/arm64": "pass"},
    blocking=("CVE-2019-11324 urllib3 1.24.1 (high)",),
    ignored=1,
    reports={"findings": ".ci-toolkit/reports/backend/findings.json"},
)


def table_of(found: ImageFindings, state: ImageState, limit: int = 30) -> str:
    return scan_table(found, state, evaluate(found, POLICY, TODAY), limit=limit)


def test_a_table_names_verdicts_and_marks_what_decided() -> None:
    table = table_of(image(platform(URLLIB3, ZLIB), platform(ZLIB, name="linux/arm64")), FAILED)
    head, columns, first, second = table.splitlines()
    assert head.startswith("backend sha256:")
    assert head.endswith("fail (linux/amd64 fail, linux/arm64 pass); 1 critical, 1 high, 1 ignored")
    assert columns.split() == ["severity", "package", "installed", "fixed", "in", "id", "title"]
    assert first.split()[:7] == [
        "~",
        "critical",
        "zlib1g",
        "1:1.2.13.dfsg-1",
        "will_not_fix",
        "CVE-2023-45853",
        "ignored",
    ]
    assert first.endswith("ignored until 2027-03-31: minizip isn't built")
    assert second.split()[:6] == ["!", "high", "urllib3", "1.24.1", "1.24.2", "CVE-2019-11324"]
    assert "only linux/amd64: urllib3: certification mishandle" in second


def test_findings_of_a_package_stand_together() -> None:
    minor = replace(URLLIB3, id="CVE-1", severity=Severity.LOW)
    medium = replace(ZLIB, id="CVE-2", package="bash", purl="", severity=Severity.MEDIUM)
    lines = table_of(image(platform(minor, medium, URLLIB3)), FAILED).splitlines()[2:]
    assert [line.removeprefix("  !").split()[0] for line in lines] == ["high", "low", "medium"]


def test_a_long_table_ends_in_a_number() -> None:
    many = [replace(URLLIB3, id=f"CVE-{n}") for n in range(40)]
    lines = table_of(image(platform(*many)), FAILED, limit=10).splitlines()
    assert len(lines) == 13
    assert lines[-1] == "  … and 30 more in .ci-toolkit/reports/backend/findings.json"


def test_nothing_found_is_said() -> None:
    passed = ImageState(verdict="pass", platform_verdicts={"linux/amd64": "pass"})
    [line] = table_of(image(platform()), passed).splitlines()
    assert line.endswith("pass (linux/amd64 pass); nothing found")


def test_no_text_from_outside_acts_on_the_terminal_or_the_ci_system() -> None:
    hostile = replace(URLLIB3, package="\x1b[2Jurl\nlib3", title="x\n::add-mask::y\r##[group]")
    table = table_of(image(platform(hostile)), FAILED)
    assert len(table.splitlines()) == 3
    assert "\x1b" not in table
    assert "::add-mask" not in table
    assert "##[" not in table


def test_machines_get_everything() -> None:
    document = scan_json(image(platform(URLLIB3)), FAILED, evaluate(image(platform(URLLIB3)), POLICY, TODAY))
    assert document["verdict"] == "fail"
    assert document["counts"] == {"critical": 0, "high": 1, "medium": 0, "low": 0, "unknown": 0}
    assert document["platforms"][0]["findings"][0]["id"] == "CVE-2019-11324"
    assert document["blocking"] == ["CVE-2019-11324 urllib3 1.24.1 (high)"]
