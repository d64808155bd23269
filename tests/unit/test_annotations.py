"""Remarks beside the code: at which line, in which order, how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.errors import ConfigError, SourceLine, ToolError, VerdictError
from ci_toolkit.model.gate import evaluate
from ci_toolkit.model.policy import SOON
from ci_toolkit.report.annotations import annotations_of
from ci_toolkit.report.annotations_failure import failure_annotations
from ci_toolkit.report.triage import triaged
from tests.harness import reports
from tests.harness.findings import URLLIB3
from tests.harness.layered import GLIBC as LAYERED_GLIBC
from tests.harness.layered import PYTHON, layered
from tests.harness.reports import GLIBC, IGNORES, POLICY, TODAY

if TYPE_CHECKING:
    from ci_toolkit.model.annotation import Annotation
    from ci_toolkit.report.run_report import RunReport


def of_level(made: RunReport, level: str) -> list[Annotation]:
    return [annotation for annotation in annotations_of(made) if annotation.level == level]


def test_what_blocks_is_an_error_at_the_from_line_the_worst_first() -> None:
    first, second, *_ = of_level(reports.refused(), "error")
    assert (first.title, first.file, first.line) == ("CVE-2024-0003 in libc6", "services/backend/Dockerfile", 7)
    assert first.message == (
        "critical, 2.36-9 → 2.36-9+deb12u4, in backend (linux/amd64, linux/arm64): "
        "glibc: iconv writes past its buffer. Build on a newer base image."
    )
    assert second.title == "CVE-2019-11324 in urllib3"
    assert second.message.endswith(". Upgrade urllib3.")


def test_what_a_layer_brought_is_an_error_at_its_line() -> None:
    found = layered(PYTHON, LAYERED_GLIBC)
    errors = of_level(reports.report(reports.scanned(found), times=reports.times(scan="refused")), "error")
    assert [(error.title, error.line) for error in errors] == [
        ("CVE-2024-2961 in libc6", 3), ("CVE-2019-11324 in urllib3", 9)
    ]  # fmt: skip


def test_a_verdict_is_told_by_its_findings_alone() -> None:
    assert all("the gate refuses" not in annotation.message for annotation in annotations_of(reports.refused()))


def test_a_package_at_several_places_and_platforms_is_one_remark() -> None:
    paths = [f"app{n}/urllib3/METADATA" for n in range(7)]
    many = tuple(replace(URLLIB3, path=path) for path in paths)
    [only] = of_level(
        reports.report(reports.scanned(reports.findings(*many, arm64=many)), times=reports.times(scan="refused")),
        "error",
    )
    assert f" at /{paths[0]}, /{paths[1]}" in only.message
    assert "and 2 more places, in backend (linux/amd64, linux/arm64)" in only.message


def test_what_has_no_fix_is_to_be_triaged() -> None:
    policy = replace(POLICY, fixable_only=False, ignores=())
    found = reports.findings(replace(GLIBC, fixed="", status="affected"))
    [only] = of_level(reports.report(reports.scanned(found, policy), times=reports.times(scan="refused")), "error")
    assert "critical, 2.36-9, no fix, in backend" in only.message
    assert "triage it under `scan.ignore`" in only.message


def test_an_end_of_life_is_an_error_too() -> None:
    found = reports.findings()
    found = replace(found, platforms=(replace(found.platforms[0], end_of_life=True),))
    [only] = of_level(reports.report(reports.scanned(found), times=reports.times(scan="refused")), "error")
    assert (only.title, only.line) == ("backend is refused", 7)
    assert only.message == "linux/amd64: debian 12.5 is past its end of life: nobody mends it any more"


def test_a_failure_stands_before_everything_at_its_place() -> None:
    failure = ToolError("building backend failed at Dockerfile:3: no; its last lines:\n  the log", hint="mend it")
    made = replace(reports.refused(), failure=failure, failure_place=SourceLine("services/backend/Dockerfile", 3))
    first, second, *_ = annotations_of(made)
    assert (first.file, first.line) == ("services/backend/Dockerfile", 3)
    assert first.message == "building backend failed at Dockerfile:3: no. Next: mend it"
    assert second.title == "CVE-2024-0003 in libc6"


def test_a_failure_of_no_place_is_left_to_the_log() -> None:
    assert of_level(reports.push_failed(), "error") == []


def test_every_violation_has_its_own_place_below_the_configs_directory() -> None:
    violations = ["deploy/a b.yaml:3:7: no YAML", "deploy/c.yaml:1:1: not: UTF-8", "… and 3 more images"]
    failure = ConfigError("a manifest can't be read; nothing was written", hint="mend it", violations=violations)
    first, second = annotations_of(reports.report(times=reports.times(pin="failed"), failure=failure))
    assert (first.file, first.line, first.column) == ("delivery/deploy/a b.yaml", 3, 7)
    assert first.message == "no YAML"
    assert (second.file, second.message) == ("delivery/deploy/c.yaml", "not: UTF-8")


def test_violations_without_places_leave_nothing_to_point_at() -> None:
    assert list(failure_annotations(ConfigError("no file matches", violations=["nothing of that form"]))) == []


def test_a_check_points_at_the_manifest() -> None:
    failure = VerdictError("1 file would change: a.yaml:3", hint="run `ci-toolkit pin`")
    place = SourceLine("delivery/a.yaml", 3)
    made = reports.report(times=reports.times(pin="refused"), failure=failure, failure_place=place)
    [only] = annotations_of(made)
    assert (only.level, only.file, only.line) == ("error", "delivery/a.yaml", 3)


def test_changed_pins_are_notices_at_their_lines() -> None:
    notices = of_level(reports.passed(), "notice")
    assert [(n.file, n.line) for n in notices] == [
        ("delivery/deploy/production/backend.yaml", 21),
        ("delivery/deploy/production/backend.yaml", 48),
        ("delivery/deploy/production/jobs.yaml", 12),
    ]
    assert " → ghcr.io/acme/backend:1.4.2@sha256:" in notices[0].message


def test_pins_of_an_earlier_job_are_not_told_again() -> None:
    made = replace(reports.passed(), times=reports.times(push="done"))
    assert of_level(made, "notice") == []
    assert len(of_level(reports.promoted(), "notice")) == 1


def test_triage_is_warned_of_at_the_configs_lines() -> None:
    warnings = of_level(reports.refused(), "warning")
    assert [(w.title, w.file, w.line) for w in warnings] == [
        ("triage of CVE-2024-0003", "delivery/.ci-toolkit.yml", 23),
        ("triage of CVE-2024-0002", "delivery/.ci-toolkit.yml", 22),
    ]
    fix = "libc6 2.36-9+deb12u4"
    assert warnings[0].message == (
        f"CVE-2024-0003 expired on 2026-11-01 and counts no more; it has a fix now: {fix} (owner: platform)"
    )
    assert warnings[1].message == "CVE-2024-0002 is ignored, but has a fix now: jinja2 2.11.3 (owner: shop)"


def test_an_entry_whose_line_nobody_knows_points_at_the_file() -> None:
    [first, *_] = of_level(replace(reports.refused(), ignore_places={}), "warning")
    assert (first.file, first.line) == ("delivery/.ci-toolkit.yml", None)


@pytest.mark.parametrize(
    ("days", "standing"), [(-1, "expired"), (0, "expires soon"), (SOON.days, "expires soon"), (SOON.days + 1, "used")]
)
def test_an_entry_stands_as_its_day_says(days: int, standing: str) -> None:
    entry = replace(IGNORES[0], expires=TODAY + timedelta(days=days))
    policy = replace(POLICY, ignores=(entry,))
    [image] = reports.passed().images
    assert image.findings
    image = replace(image, decision=evaluate(image.findings, policy, TODAY))
    [found] = triaged(replace(reports.passed(), images=(image,), policy=policy))
    assert found.standing == standing


def test_an_entry_that_ran_out_since_the_scan_is_expired() -> None:
    later = replace(reports.passed(), today=TODAY + timedelta(days=90))
    assert [t.entry.id for t in triaged(later) if t.standing == "expired"] == ["CVE-2024-0001", "CVE-2024-0002"]


def test_a_level_has_at_most_ten_and_the_last_says_how_many_more() -> None:
    failed = of_level(reports.crowded(), "error")
    assert len(failed) == 9, "the tenth is the failure's own"
    assert failed[-1].message == "and 42 more errors, in the summary of this job"
    errors = of_level(replace(reports.crowded(), failure=None), "error")
    assert len(errors) == 10
    assert errors[-1].message == "and 41 more errors, in the summary of this job"


def test_ten_are_shown_as_they_are() -> None:
    ten = [replace(URLLIB3, id=f"CVE-2020-{n}") for n in range(10)]
    made = reports.report(reports.scanned(reports.findings(*ten)), times=reports.times(scan="refused"))
    assert [a.title for a in of_level(made, "error")] == [f"CVE-2020-{n} in urllib3" for n in range(10)]


@given(st.text())
def test_words_are_one_line_of_bounded_length(word: str) -> None:
    finding = replace(URLLIB3, id=word * 20, package=word * 20, title=word * 2000, installed=word, fixed="1")
    made = reports.report(reports.scanned(reports.findings(finding)), times=reports.times(scan="refused"))
    for annotation in annotations_of(made):
        assert len(annotation.title) <= 64
        assert len(annotation.message) <= 4096
        assert not {"\n", "\r", "\x1b", "\x00"} & set(annotation.title + annotation.message)
