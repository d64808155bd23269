"""The gate, rule by rule: what blocks, what is let pass, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.model.explanation import way_out
from ci_toolkit.model.findings import NAMELESS_OS, Finding, Severity
from ci_toolkit.model.gate import Decision, evaluate, unused_ignores
from ci_toolkit.model.policy import GatePolicy, Ignore, Reaction, Thresholds
from tests.harness.findings import GATE, URLLIB3, ZLIB, image, platform

TODAY = date(2026, 11, 24)
ANYTHING = replace(GATE, fixable_only=False)
TRIAGED = Ignore(id="CVE-2019-11324", reason="not reachable", owner="platform", expires=TODAY)


def decide(*findings: Finding, policy: GatePolicy = GATE, **changes: Any) -> Decision:
    return evaluate(image(platform(*findings, **changes)), policy, TODAY)


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("threshold", [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL])
def test_a_known_severity_fails_from_the_threshold_on(severity: Severity, threshold: Severity) -> None:
    decision = decide(
        replace(URLLIB3, severity=severity), policy=replace(GATE, thresholds=Thresholds.everywhere(threshold))
    )
    assert decision.verdict == ("fail" if severity >= threshold else "pass")


@pytest.mark.parametrize(
    ("status", "fixed", "verdict"),
    [
        ("fixed", "1.24.2", "fail"),
        ("fixed", "", "pass"),
        ("affected", "1.24.2", "pass"),
        ("will_not_fix", "", "pass"),
        ("end_of_life", "", "pass"),
        ("", "1.24.2", "pass"),
    ],
)
def test_only_a_vendors_fix_makes_fixable(status: str, fixed: str, verdict: str) -> None:
    finding = replace(URLLIB3, status=status, fixed=fixed)
    assert decide(finding).verdict == verdict
    assert decide(finding, policy=ANYTHING).verdict == "fail"


@pytest.mark.parametrize("reaction", get_args(Reaction))
def test_unknown_severity_counts_as_the_policy_says(reaction: Reaction) -> None:
    finding = replace(URLLIB3, severity=Severity.UNKNOWN)
    decision = decide(finding, policy=replace(GATE, unknown=reaction))
    word = decision.platforms["linux/amd64"]
    assert decision.verdict == ("fail" if reaction == "fail" else "pass")
    assert decision.blocking == ((finding,) if reaction == "fail" else ())
    assert word.reasons == (("1 finding of unknown severity",) if reaction == "fail" else ())
    assert word.warnings == (("1 finding of unknown severity",) if reaction == "warn" else ())


def test_unknown_severity_without_a_fix_passes_where_only_fixable_counts() -> None:
    finding = replace(URLLIB3, severity=Severity.UNKNOWN, fixed="")
    assert decide(finding, policy=replace(GATE, unknown="fail")).verdict == "pass"


@pytest.mark.parametrize("reaction", get_args(Reaction))
def test_an_operating_system_past_its_end_of_life(reaction: Reaction) -> None:
    decision = decide(policy=replace(GATE, end_of_life_os=reaction), os="debian 9.13", end_of_life=True)
    word = decision.platforms["linux/amd64"]
    said = ("debian 9.13 is past its end of life: nobody mends it any more",)
    assert decision.verdict == ("fail" if reaction == "fail" else "pass")
    assert word.reasons == (said if reaction == "fail" else ())
    assert word.warnings == (said if reaction == "warn" else ())
    assert decision.grounds == (tuple(f"linux/amd64: {line}" for line in said) if reaction == "fail" else ())


@pytest.mark.parametrize("reaction", get_args(Reaction))
@pytest.mark.parametrize("scratch", [True, False])
@pytest.mark.parametrize(
    ("os", "packages"), [("", 0), ("", 1), ("debian 12.5", 0), (NAMELESS_OS, 0), (NAMELESS_OS, 1)]
)
def test_a_scan_that_saw_nothing_proves_nothing(reaction: Reaction, scratch: bool, os: str, packages: int) -> None:
    findings = image(platform(os=os, packages=packages))
    decision = evaluate(findings, replace(GATE, incomplete=reaction), TODAY, scratch=scratch)
    odd = not scratch and (os == NAMELESS_OS or not (os or packages))
    assert decision.verdict == ("fail" if odd and reaction == "fail" else "pass")
    assert len(decision.platforms["linux/amd64"].warnings) == (1 if odd and reaction == "warn" else 0)


def test_one_bad_platform_fails_the_image() -> None:
    decision = evaluate(image(platform(), platform(URLLIB3, name="linux/arm64")), GATE, TODAY)
    assert decision.verdict == "fail"
    assert {name: p.verdict for name, p in decision.platforms.items()} == {
        "linux/amd64": "pass",
        "linux/arm64": "fail",
    }
    assert decision.platforms["linux/arm64"].reasons == ("1 vulnerability of severity high or above with a fix",)


def test_an_image_without_platforms_fails() -> None:
    assert evaluate(image(), GATE, TODAY).verdict == "fail"


def test_a_gate_that_is_off_decides_nothing() -> None:
    decision = decide(URLLIB3, ZLIB, policy=replace(GATE, thresholds=Thresholds.everywhere(None)), end_of_life=True)
    assert (decision.verdict, decision.blocking, decision.grounds) == ("none", (), ())


def test_the_same_finding_on_two_platforms_blocks_once_worst_first() -> None:
    worse = replace(URLLIB3, id="CVE-2019-1", severity=Severity.CRITICAL)
    found = [platform(URLLIB3, worse), platform(worse, URLLIB3, name="linux/arm64")]
    decision = evaluate(image(*found), GATE, TODAY)
    assert decision.blocking == (worse, URLLIB3)
    assert decision.grounds == ("CVE-2019-1 urllib3 1.24.1 (critical)", "CVE-2019-11324 urllib3 1.24.1 (high)")


@pytest.mark.parametrize(
    ("changes", "matches"),
    [
        ({}, True),
        ({"id": "GHSA-mh33-7rrq-662w"}, True),
        ({"id": "CVE-2019-1132"}, False),
        ({"id": "cve-2019-11324"}, False),
        ({"package": "urllib3"}, True),
        ({"package": "urllib"}, False),
        ({"package": "pkg:pypi/urllib3"}, True),
        ({"package": "pkg:pypi/urllib3@1.24.1"}, True),
        ({"package": "pkg:pypi/urllib3@1.24.0"}, False),
        ({"path": "app/*"}, True),
        ({"path": "/app/*/METADATA"}, True),
        ({"path": "app/urllib3-1.24.1.dist-info/METADATA"}, True),
        ({"path": "opt/*"}, False),
        ({"image": "backend"}, True),
        ({"image": "frontend"}, False),
        ({"expires": TODAY - timedelta(days=1)}, False),
    ],
)
def test_an_entry_ignores_what_it_means_and_nothing_else(changes: dict[str, object], matches: bool) -> None:
    entry = replace(TRIAGED, **changes)  # type: ignore[arg-type]  # one field each, of its own type
    decision = decide(URLLIB3, policy=replace(GATE, ignores=(entry,)))
    assert decision.verdict == ("pass" if matches else "fail")
    assert decision.ignored == (1 if matches else 0)


def test_an_expired_entry_is_named_with_its_owner() -> None:
    entry = replace(TRIAGED, expires=date(2026, 1, 31))
    decision = decide(URLLIB3, policy=replace(GATE, ignores=(entry,)))
    assert decision.warnings == (
        "the entry for CVE-2019-11324 expired on 2026-01-31 and counts no more (owner: platform)",
    )
    assert unused_ignores(replace(GATE, ignores=(entry,)), {"backend": decision}) == ()


def test_an_ignored_finding_that_has_a_fix_now_is_warned_of() -> None:
    policy = replace(GATE, ignores=(TRIAGED, replace(TRIAGED, id="CVE-2023-45853", expires=date(2027, 1, 31))))
    assert decide(URLLIB3, ZLIB, policy=policy).warnings == (
        "CVE-2019-11324 is ignored, but has a fix now: urllib3 1.24.2 (owner: platform)",
    )


def test_entries_that_matched_nothing_anywhere_are_unused() -> None:
    other = replace(TRIAGED, image="frontend")
    stale = replace(TRIAGED, id="CVE-2000-1")
    policy = replace(GATE, ignores=(TRIAGED, other, stale))
    decision = decide(URLLIB3, policy=policy)
    assert unused_ignores(policy, {"backend": decision}) == (stale,)
    assert unused_ignores(policy, {"backend": decision, "frontend": decide(policy=policy)}) == (other, stale)


def test_what_is_below_the_gate_can_be_ignored_too() -> None:
    entry = replace(TRIAGED, id="CVE-2023-45853")
    decision = decide(ZLIB, policy=replace(GATE, ignores=(entry,)))
    assert (decision.verdict, decision.ignored, decision.used) == ("pass", 1, frozenset({entry}))


def test_where_nothing_was_recognised_nothing_can_be_upgraded() -> None:
    nothing = evaluate(
        image(platform(os=None, packages=0), platform(name="linux/arm64", os=None, packages=0)), GATE, TODAY
    )
    assert nothing.verdict == "fail"
    assert "`scratch: true`" in way_out(nothing.grounds)
    nameless = evaluate(image(platform(os=NAMELESS_OS)), GATE, TODAY)
    assert (nameless.verdict, "/etc/os-release" in way_out(nameless.grounds)) == ("fail", True)
    old = decide(end_of_life=True)
    assert (old.verdict, "`scan.gate.end-of-life-os: warn`" in way_out(old.grounds)) == ("fail", True)
    uncovered = evaluate(image(replace(platform(os="fedora 41"), covered=False)), GATE, TODAY)
    assert (uncovered.verdict, "that Trivy has advisories for" in way_out(uncovered.grounds)) == ("fail", True)
    assert way_out(decide(URLLIB3).grounds).startswith("upgrade what is fixable")
    assert way_out((*nothing.grounds, URLLIB3.line)).startswith("upgrade what is fixable")
    assert way_out(()).startswith("upgrade what is fixable")


findings = st.builds(
    lambda number, severity, fixable: replace(
        URLLIB3, id=f"CVE-{number}", severity=severity, fixed="2" if fixable else ""
    ),
    st.integers(0, 5),
    st.sampled_from(Severity),
    st.booleans(),
)
policies = st.builds(
    GatePolicy,
    thresholds=st.sampled_from([Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]).map(
        Thresholds.everywhere
    ),
    fixable_only=st.booleans(),
    unknown=st.sampled_from(get_args(Reaction)),
    end_of_life_os=st.just("fail"),
    incomplete=st.just("fail"),
    ignores=st.lists(st.integers(0, 5).map(lambda n: replace(TRIAGED, id=f"CVE-{n}")), max_size=2).map(tuple),
)


@given(st.lists(findings), findings, policies)
def test_a_further_finding_never_turns_a_no_into_a_yes(some: list[Finding], more: Finding, policy: GatePolicy) -> None:
    if decide(*some, policy=policy).verdict == "fail":
        assert decide(*some, more, policy=policy).verdict == "fail"


@given(st.lists(findings), policies)
def test_a_no_without_faults_always_names_a_finding(some: list[Finding], policy: GatePolicy) -> None:
    decision = decide(*some, policy=policy)
    assert (decision.verdict == "fail") == bool(decision.blocking)
    assert all(not any(entry.matches(f) for entry in policy.ignores) for f in decision.blocking)


@given(st.lists(findings), policies)
def test_a_stricter_threshold_never_lets_more_pass(some: list[Finding], policy: GatePolicy) -> None:
    stricter = replace(policy, thresholds=Thresholds.everywhere(Severity.LOW), fixable_only=False)
    if decide(*some, policy=stricter).verdict == "pass":
        assert decide(*some, policy=policy).verdict == "pass"
