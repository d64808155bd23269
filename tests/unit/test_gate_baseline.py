"""The baseline: what is deployed already keeps nothing out, and nothing new hides behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from ci_toolkit.model.findings import SILENCER, Finding, PlatformFindings, Severity
from ci_toolkit.model.gate import Baseline, Decision, evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore, Reaction, Thresholds
from tests.harness.findings import AS_ROOT, COPYLEFT, OF_EACH_KIND, TOKEN, URLLIB3, ZLIB, image, platform

TODAY = date(2026, 11, 24)
POLICY = GatePolicy(
    thresholds=Thresholds.everywhere(Severity.LOW),
    fixable_only=False,
    unknown="fail",
    end_of_life_os="fail",
    incomplete="fail",
)
AT_END: dict[str, Any] = {"os": "debian 9.13", "end_of_life": True}


def known(*platforms: PlatformFindings) -> Baseline:
    return Baseline(name="deploy/production/backend.yaml", findings=image(*platforms))


def decide(*findings: Finding, before: Finding) -> Decision:
    return evaluate(image(platform(*findings)), POLICY, TODAY, baseline=known(platform(before)))


def test_what_is_deployed_passes_and_is_told_of() -> None:
    decision = evaluate(image(platform(*OF_EACH_KIND)), POLICY, TODAY, baseline=known(platform(*OF_EACH_KIND)))
    assert (decision.verdict, decision.blocking) == ("pass", ())
    assert set(decision.platforms["linux/amd64"].deployed) == set(OF_EACH_KIND)
    assert decision.baseline == "deploy/production/backend.yaml"


@pytest.mark.parametrize("finding", OF_EACH_KIND)
def test_what_is_new_fails_whatever_its_kind(finding: Finding) -> None:
    decision = decide(finding, ZLIB, before=ZLIB)
    assert (decision.verdict, decision.blocking) == ("fail", (finding,))


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        # A rebuild: other versions, lines and layers are the same finding.
        (ZLIB, {"purl": "pkg:deb/debian/zlib1g@1.3?arch=arm64&distro=debian-12.6", "installed": "1:1.3"}, "pass"),
        (URLLIB3, {"severity": Severity.CRITICAL, "severity_source": "nvd", "layer": "sha256:2"}, "pass"),
        (TOKEN, {"start_line": 90}, "pass"),
        # Another id, package or place is another one.
        (URLLIB3, {"id": "CVE-2019-11236"}, "fail"),
        (URLLIB3, {"purl": "pkg:pypi/urllib4@1.24.1"}, "fail"),
        (URLLIB3, {"path": "vendor/urllib3-1.24.1.dist-info/METADATA"}, "fail"),
        (ZLIB, {"purl": "pkg:deb/ubuntu/zlib1g@1.2.13"}, "fail"),
        (TOKEN, {"path": "app/other.py"}, "fail"),
        (TOKEN, {"excerpt": 'OTHER = "****"'}, "fail"),
        (AS_ROOT, {"path": "app/Dockerfile"}, "fail"),
        (AS_ROOT, {"excerpt": "Last USER command should not be 'root'"}, "fail"),
        (COPYLEFT, {"package": "gdbm"}, "fail"),
        (TOKEN, {"category": "misconfiguration"}, "fail"),
    ],
)
def test_what_counts_as_the_same_finding(before: Finding, now: dict[str, Any], verdict: str) -> None:
    assert decide(replace(before, **now), before=before).verdict == verdict


def test_a_comment_that_silences_checks_counts_even_where_it_is_deployed() -> None:
    comment = replace(AS_ROOT, id=SILENCER, path="app/Dockerfile", excerpt="# trivy:ignore:*")
    assert decide(comment, before=comment).blocking == (comment,)


def test_the_version_in_a_path_may_change() -> None:
    newer = replace(
        URLLIB3,
        installed="1.24.0",
        purl="pkg:pypi/urllib3@1.24.0",
        path="app/urllib3-1.24.0.dist-info/METADATA",
    )
    assert decide(newer, before=URLLIB3).verdict == "pass"


def test_what_one_platform_has_is_known_for_all() -> None:
    decision = evaluate(
        image(platform(), platform(URLLIB3, name="linux/arm64")), POLICY, TODAY, baseline=known(platform(URLLIB3))
    )
    assert decision.verdict == "pass"


@pytest.mark.parametrize("reaction", get_args(Reaction))
@pytest.mark.parametrize(
    ("before", "known_before"), [(None, False), (platform(), False), (platform(**AT_END), True)], ids=str
)
def test_an_end_of_life_that_was_known_only_warns(
    before: PlatformFindings | None, known_before: bool, reaction: Reaction
) -> None:
    policy = replace(POLICY, end_of_life_os=reaction)
    baseline = known(before) if before else None
    decision = evaluate(image(platform(**AT_END)), policy, TODAY, baseline=baseline)
    word = decision.platforms["linux/amd64"]
    assert decision.verdict == ("fail" if reaction == "fail" and not known_before else "pass")
    assert len(word.warnings) == (1 if reaction == "warn" or (reaction == "fail" and known_before) else 0)


def test_a_scan_that_saw_nothing_is_excused_by_no_baseline() -> None:
    nothing = platform(os="", packages=0)
    assert evaluate(image(nothing), POLICY, TODAY, baseline=known(nothing)).verdict == "fail"


def test_a_baseline_of_no_platforms_knows_nothing() -> None:
    assert evaluate(image(platform(URLLIB3)), POLICY, TODAY, baseline=known()).verdict == "fail"


def test_an_image_without_platforms_fails_all_the_same() -> None:
    assert evaluate(image(), POLICY, TODAY, baseline=known(platform())).verdict == "fail"


def test_an_entry_for_what_is_deployed_is_used() -> None:
    entry = Ignore(id=URLLIB3.id, reason="not reachable", owner="web", expires=TODAY)
    policy = replace(POLICY, ignores=(entry,))
    decision = evaluate(image(platform(URLLIB3)), policy, TODAY, baseline=known(platform(URLLIB3)))
    assert (decision.ignored, decision.used) == (1, frozenset({entry}))
