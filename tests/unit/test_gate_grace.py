"""The grace period, to the day: what is known for longer counts, and a date that can't be right excuses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ci_toolkit.model.findings import Finding, Severity
from ci_toolkit.model.gate import Baseline, PlatformDecision, evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore, Thresholds
from tests.harness.findings import AS_ROOT, COPYLEFT, TOKEN, URLLIB3, image, platform

TODAY = date(2026, 11, 24)
GRACE = timedelta(days=14)
POLICY = GatePolicy(
    thresholds=Thresholds.everywhere(Severity.HIGH),
    fixable_only=False,
    unknown="fail",
    end_of_life_os="fail",
    incomplete="fail",
    grace=GRACE,
)


def decide(*findings: Finding, policy: GatePolicy = POLICY, baseline: Baseline | None = None) -> PlatformDecision:
    return evaluate(image(platform(*findings)), policy, TODAY, baseline=baseline).platforms["linux/amd64"]


def published(day: str) -> Finding:
    return replace(URLLIB3, published=day)


@pytest.mark.parametrize(
    ("day", "blocks_from"),
    [
        ("2026-11-24", date(2026, 12, 9)),
        ("2026-11-24T23:59:59Z", date(2026, 12, 9)),
        ("2026-11-23T00:00:00.123Z", date(2026, 12, 8)),
        ("2026-11-11", date(2026, 11, 26)),
        ("2026-11-10T23:59:59Z", date(2026, 11, 25)),
    ],
)
def test_up_to_and_on_the_last_day_a_finding_waits(day: str, blocks_from: date) -> None:
    word = decide(published(day))
    assert (word.verdict, word.blocking) == ("pass", ())
    assert word.waiting == ((published(day), blocks_from),)
    assert word.warnings == (f"1 finding with a fix will fail the gate, the first on {blocks_from}",)


def test_the_day_that_is_told_is_the_first_on_which_it_fails() -> None:
    [(finding, day)] = decide(published("2026-11-20")).waiting
    verdicts = [evaluate(image(platform(finding)), POLICY, day - timedelta(days=n)).verdict for n in (1, 0)]
    assert verdicts == ["pass", "fail"]


@pytest.mark.parametrize(
    "day",
    [
        "2026-11-09",
        "2019-04-18T21:29:00Z",
        "",
        "soon",
        "0000-00-00",
        "2026-13-01",
        "2026-02-30",
        "24.11.2026",
        "1763942400",
        "2026-11-25",
        "9999-12-31T23:59:59Z",
        "\x00",
    ],
)
def test_what_is_older_undated_or_of_no_day_yet_counts_at_once(day: str) -> None:
    word = decide(published(day))
    assert (word.verdict, word.blocking, word.waiting) == ("fail", (published(day),), ())


@pytest.mark.parametrize("finding", [TOKEN, AS_ROOT, COPYLEFT, replace(URLLIB3, status="will_not_fix", fixed="")])
def test_grace_is_for_what_a_fix_exists_of(finding: Finding) -> None:
    assert decide(replace(finding, published="2026-11-24")).verdict == "fail"


def test_an_unknown_severity_has_its_grace_too() -> None:
    assert decide(replace(published("2026-11-24"), severity=Severity.UNKNOWN)).verdict == "pass"


def test_what_is_below_the_threshold_waits_for_nothing() -> None:
    word = decide(replace(published("2026-11-24"), severity=Severity.LOW))
    assert (word.verdict, word.waiting, word.warnings) == ("pass", (), ())


def test_several_that_wait_are_told_in_one_line() -> None:
    some = [replace(published(f"2026-11-{day}"), id=f"CVE-2026-{day}") for day in (20, 12, 23)]
    word = decide(*some)
    assert [finding.published for finding, _ in word.waiting] == ["2026-11-12", "2026-11-20", "2026-11-23"]
    assert word.warnings == ("3 findings with a fix will fail the gate, the first on 2026-11-27",)


def test_one_that_waits_excuses_no_other() -> None:
    old = replace(URLLIB3, id="CVE-2019-1")
    word = decide(published("2026-11-24"), old)
    assert (word.verdict, word.blocking, len(word.waiting)) == ("fail", (old,), 1)


def test_an_entry_goes_before_the_baseline_and_the_baseline_before_grace() -> None:
    finding = published("2026-11-24")
    entry = Ignore(id=finding.id, reason="not reachable", owner="web", expires=TODAY)
    known = Baseline(name="production", findings=image(platform(finding)))
    everything = decide(finding, policy=replace(POLICY, ignores=(entry,)), baseline=known)
    assert (everything.ignored, everything.deployed, everything.waiting) == (((finding, entry),), (), ())
    without_entry = decide(finding, baseline=known)
    assert (without_entry.deployed, without_entry.waiting, without_entry.warnings) == ((finding,), (), ())


def test_a_gate_that_is_off_promises_no_failure() -> None:
    word = decide(published("2026-11-24"), policy=replace(POLICY, thresholds=Thresholds.everywhere(None)))
    assert (word.verdict, word.waiting, word.warnings) == ("none", (), ())
