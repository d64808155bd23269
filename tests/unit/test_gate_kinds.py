"""The gate over the kinds of findings: each has its threshold, and what is of one kind alone stays with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import get_args

import pytest

from ci_toolkit.model.findings import CATEGORIES, Category, Finding, Severity
from ci_toolkit.model.gate import Decision, evaluate, unused_ignores
from ci_toolkit.model.policy import GatePolicy, Ignore, Reaction, Thresholds
from tests.harness.findings import AS_ROOT, COPYLEFT, GATE, OF_EACH_KIND, TOKEN, URLLIB3, image, platform

TODAY = date(2026, 11, 24)
OFF = Thresholds.everywhere(None)
POLICY = replace(GATE, fixable_only=False)
KINDS = dict(zip(CATEGORIES, OF_EACH_KIND, strict=True))
THRESHOLDS = [None, Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW]


def decide(*findings: Finding, policy: GatePolicy = POLICY) -> Decision:
    return evaluate(image(platform(*findings)), policy, TODAY)


def only(category: Category, threshold: Severity | None, others: Severity | None) -> GatePolicy:
    return replace(POLICY, thresholds=replace(Thresholds.everywhere(others), **{category: threshold}))


@pytest.mark.parametrize("severity", [s for s in Severity if s is not Severity.UNKNOWN])
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("category", CATEGORIES)
def test_each_kind_goes_by_its_own_threshold(
    category: Category, threshold: Severity | None, severity: Severity
) -> None:
    finding = replace(KINDS[category], severity=severity)
    strictest_elsewhere = decide(finding, policy=only(category, threshold, Severity.LOW))
    blocks = threshold is not None and severity >= threshold
    assert strictest_elsewhere.blocking == ((finding,) if blocks else ())
    assert strictest_elsewhere.verdict == ("fail" if blocks else "pass")


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_gate_for_one_kind_alone_is_on(category: Category) -> None:
    decision = decide(*OF_EACH_KIND, policy=only(category, Severity.LOW, None))
    assert (decision.verdict, decision.blocking) == ("fail", (KINDS[category],))


def test_a_gate_that_is_off_for_every_kind_decides_nothing() -> None:
    decision = decide(*OF_EACH_KIND, policy=replace(POLICY, thresholds=OFF, unknown="fail"))
    assert (decision.verdict, decision.blocking, decision.grounds) == ("none", (), ())


def test_every_kind_is_counted_in_a_line_of_its_own() -> None:
    thresholds = Thresholds(
        vulnerability=Severity.LOW, secret=Severity.CRITICAL, misconfiguration=Severity.MEDIUM, license=Severity.HIGH
    )
    twice = replace(COPYLEFT, package="gdbm")
    on_another_line = replace(TOKEN, start_line=9)
    decision = decide(
        *OF_EACH_KIND, twice, on_another_line, policy=replace(POLICY, thresholds=thresholds, fixable_only=True)
    )
    assert decision.platforms["linux/amd64"].reasons == (
        "1 vulnerability of severity low or above with a fix",
        "1 secret of severity critical",
        "1 misconfiguration of severity medium or above",
        "2 licences of severity high or above",
    )


@pytest.mark.parametrize("category", CATEGORIES)
def test_only_a_vulnerability_can_lack_a_fix(category: Category) -> None:
    unfixed = replace(KINDS[category], status="", fixed="")
    decision = decide(unfixed, policy=replace(POLICY, fixable_only=True))
    assert decision.verdict == ("pass" if category == "vulnerability" else "fail")


@pytest.mark.parametrize("reaction", get_args(Reaction))
@pytest.mark.parametrize("category", CATEGORIES)
def test_an_unknown_severity_is_the_same_question_for_every_kind(category: Category, reaction: Reaction) -> None:
    finding = replace(KINDS[category], severity=Severity.UNKNOWN)
    word = decide(finding, policy=replace(POLICY, unknown=reaction)).platforms["linux/amd64"]
    said = ("1 finding of unknown severity",)
    assert word.verdict == ("fail" if reaction == "fail" else "pass")
    assert (word.reasons, word.warnings) == (said if reaction == "fail" else (), said if reaction == "warn" else ())


@pytest.mark.parametrize("category", CATEGORIES)
def test_an_unknown_severity_of_a_kind_that_is_off_counts_for_nothing(category: Category) -> None:
    finding = replace(KINDS[category], severity=Severity.UNKNOWN)
    policy = replace(only(category, None, Severity.LOW), unknown="fail")
    assert decide(finding, policy=policy).verdict == "pass"


@pytest.mark.parametrize(
    ("finding", "changes", "matches"),
    [
        (TOKEN, {"id": "github-pat"}, True),
        (TOKEN, {"id": "GitHub-PAT"}, False),
        (TOKEN, {"id": "github-pat", "path": "app/settings.py"}, True),
        (TOKEN, {"id": "github-pat", "path": "/app/*"}, True),
        (TOKEN, {"id": "github-pat", "path": "app"}, False),
        (TOKEN, {"id": "github-pat", "path": "tests/*"}, False),
        (TOKEN, {"id": "github-pat", "package": "settings"}, False),
        (AS_ROOT, {"id": "DS-0002"}, True),
        (AS_ROOT, {"id": "DS-0002", "path": "/"}, True),
        (replace(TOKEN, path=""), {"id": "github-pat", "path": "/"}, True),
        (TOKEN, {"id": "github-pat", "path": "/"}, False),
        (replace(COPYLEFT, path=""), {"id": "GPL-3.0-only", "path": "/"}, False),
        (AS_ROOT, {"id": "DS-000"}, False),
        (AS_ROOT, {"id": "DS-0002", "path": "app/Dockerfile"}, False),
        (replace(AS_ROOT, aliases=("AVD-DS-0002",)), {"id": "AVD-DS-0002"}, True),
        (COPYLEFT, {"id": "GPL-3.0-only"}, True),
        (COPYLEFT, {"id": "GPL-3.0-only", "package": "readline"}, True),
        (COPYLEFT, {"id": "GPL-3.0-only", "package": "bash"}, False),
        (COPYLEFT, {"id": "GPL-3.0-only", "image": "frontend"}, False),
    ],
)
def test_an_entry_ignores_a_finding_of_any_kind(finding: Finding, changes: dict[str, str], matches: bool) -> None:
    entry = Ignore(**{"reason": "looked at", "owner": "platform", "expires": TODAY, **changes})  # type: ignore[arg-type]
    policy = replace(POLICY, ignores=(entry,))
    decision = decide(finding, URLLIB3, policy=policy)
    assert decision.blocking == ((URLLIB3,) if matches else decide(finding, URLLIB3).blocking)
    assert decision.ignored == (1 if matches else 0)
    assert unused_ignores(policy, {"backend": decision}) == (() if matches or entry.image else (entry,))


def test_a_finding_is_ignored_by_the_first_entry_that_means_it_and_uses_them_all() -> None:
    one = Ignore(id=TOKEN.id, reason="a test's own", owner="web", expires=TODAY)
    two = replace(one, reason="revoked", path="app/*")
    policy = replace(POLICY, ignores=(one, two))
    decision = decide(TOKEN, policy=policy)
    assert decision.platforms["linux/amd64"].ignored == ((TOKEN, one),)
    assert unused_ignores(policy, {"backend": decision}) == ()
