"""What holds for the gate whatever is found and whatever the policy says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, get_args

from hypothesis import given
from hypothesis import strategies as st

from ci_toolkit.model.findings import CATEGORIES, Finding, Severity
from ci_toolkit.model.gate import Baseline, evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore, Reaction, Thresholds
from tests.harness.findings import image, platform

if TYPE_CHECKING:
    from ci_toolkit.model.findings import Category, ImageFindings

TODAY = date(2026, 11, 24)
MILDER: dict[Reaction, Reaction] = {"fail": "warn", "warn": "ignore", "ignore": "ignore"}
IDS = st.sampled_from(["CVE-1", "CVE-2", "rule"])
PLACES = st.sampled_from(["", "app/a", "app/b"])
found = st.builds(
    Finding,
    id=IDS,
    category=st.sampled_from(CATEGORIES),
    package=st.sampled_from(["", "zlib", "jinja2"]),
    installed=st.sampled_from(["", "1", "2"]),
    path=PLACES,
    severity=st.sampled_from(Severity),
    fixed=st.sampled_from(["", "3"]),
    status=st.sampled_from(["fixed", "affected", "will_not_fix"]),
    published=st.sampled_from(["", "nonsense", "2026-11-24", "2026-11-20", "2019-01-01", "9999-12-31"]) | st.text(),
    excerpt=st.sampled_from(["", "****"]),
)
severities = st.none() | st.sampled_from([Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL])
entries = st.builds(
    Ignore,
    id=IDS,
    reason=st.just("looked at"),
    owner=st.just("web"),
    expires=st.sampled_from([TODAY, TODAY - timedelta(days=1)]),
    package=st.none() | st.just("zlib"),
    path=st.none() | st.just("app/*"),
)
policies = st.builds(
    GatePolicy,
    thresholds=st.builds(
        Thresholds, vulnerability=severities, secret=severities, misconfiguration=severities, license=severities
    ),
    fixable_only=st.booleans(),
    unknown=st.sampled_from(get_args(Reaction)),
    end_of_life_os=st.sampled_from(get_args(Reaction)),
    incomplete=st.sampled_from(get_args(Reaction)),
    grace=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=366)),
    ignores=st.lists(entries, max_size=3).map(tuple),
).filter(lambda policy: not policy.is_off)
platforms = st.builds(
    lambda some, end_of_life, packages: platform(*some, end_of_life=end_of_life, packages=packages, os=""),
    st.lists(found, max_size=6),
    st.booleans(),
    st.integers(0, 1),
)
images = st.lists(platforms, max_size=2).map(
    lambda some: image(
        *(replace(p, platform=name) for p, name in zip(some, ("linux/amd64", "linux/arm64"), strict=False))
    )
)
baselines = st.none() | images.map(lambda findings: Baseline(name="production", findings=findings))


def verdict(findings: ImageFindings, policy: GatePolicy, baseline: Baseline | None = None) -> str:
    return evaluate(findings, policy, TODAY, baseline=baseline).verdict


def never_stricter(looser: str, stricter: str) -> None:
    """What passes under the stricter of two passes under the looser one."""
    assert (looser, stricter) != ("fail", "pass")


@given(images, policies, baselines)
def test_a_no_always_names_its_ground_and_a_yes_has_none(
    findings: ImageFindings, policy: GatePolicy, baseline: Baseline | None
) -> None:
    decision = evaluate(findings, policy, TODAY, baseline=baseline)
    assert (decision.verdict == "fail") == bool(decision.grounds or not findings.platforms)
    for word in decision.platforms.values():
        assert (word.verdict == "fail") == bool(word.reasons) == bool(word.blocking or word.faults)


@given(images, policies, baselines)
def test_every_finding_has_at_most_one_fate(
    findings: ImageFindings, policy: GatePolicy, baseline: Baseline | None
) -> None:
    decision = evaluate(findings, policy, TODAY, baseline=baseline)
    for seen in findings.platforms:
        word = decision.platforms[seen.platform]
        fates = [*word.blocking, *word.deployed, *(f for pairs in (word.ignored, word.waiting) for f, _ in pairs)]
        assert not Counter(fates) - Counter(seen.findings)
        assert all(day > TODAY for _, day in word.waiting)


@given(images, found, policies, baselines)
def test_a_further_finding_never_turns_a_no_into_a_yes(
    findings: ImageFindings, more: Finding, policy: GatePolicy, baseline: Baseline | None
) -> None:
    grown = replace(findings, platforms=tuple(replace(p, findings=(*p.findings, more)) for p in findings.platforms))
    never_stricter(verdict(findings, policy, baseline), verdict(grown, policy, baseline))


@given(images, policies, baselines)
def test_a_baseline_never_turns_a_yes_into_a_no(
    findings: ImageFindings, policy: GatePolicy, baseline: Baseline | None
) -> None:
    never_stricter(verdict(findings, policy, baseline), verdict(findings, policy))


@given(images, policies, entries, baselines)
def test_an_entry_never_turns_a_yes_into_a_no(
    findings: ImageFindings, policy: GatePolicy, entry: Ignore, baseline: Baseline | None
) -> None:
    with_entry = replace(policy, ignores=(entry, *policy.ignores))
    never_stricter(verdict(findings, with_entry, baseline), verdict(findings, policy, baseline))


@given(images, policies, st.timedeltas(timedelta(), timedelta(days=366)))
def test_a_longer_grace_never_turns_a_yes_into_a_no(
    findings: ImageFindings, policy: GatePolicy, more: timedelta
) -> None:
    longer = replace(policy, grace=(policy.grace or timedelta()) + more)
    never_stricter(verdict(findings, longer), verdict(findings, policy))


@given(images, policies, st.sampled_from(CATEGORIES), severities)
def test_a_stricter_threshold_of_a_kind_never_turns_a_no_into_a_yes(
    findings: ImageFindings, policy: GatePolicy, category: Category, other: Severity | None
) -> None:
    first, second = sorted((policy.thresholds.of(category), other), key=lambda severity: severity or 9)
    strict, loose = (
        replace(policy, thresholds=replace(policy.thresholds, **{category: threshold}))
        for threshold in (first, second)
    )
    never_stricter(verdict(findings, loose), verdict(findings, strict))


@given(images, policies, st.sampled_from(["unknown", "end_of_life_os", "incomplete"]))
def test_a_milder_reaction_never_turns_a_yes_into_a_no(
    findings: ImageFindings, policy: GatePolicy, field: str
) -> None:
    milder = replace(policy, **{field: MILDER[getattr(policy, field)]})  # type: ignore[arg-type]  # a reaction's field
    never_stricter(verdict(findings, milder), verdict(findings, policy))


@given(images, policies)
def test_what_lets_the_unfixable_pass_never_turns_a_yes_into_a_no(findings: ImageFindings, policy: GatePolicy) -> None:
    never_stricter(
        verdict(findings, replace(policy, fixable_only=True)), verdict(findings, replace(policy, fixable_only=False))
    )
