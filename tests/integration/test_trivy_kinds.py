"""The real Trivy on images with known contents: every kind of finding, every severity, and the gate's word on them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_toolkit.model.findings import CATEGORIES, Counts, Finding, Severity
from ci_toolkit.model.policy import Ignore, Thresholds
from ci_toolkit.report.findings_file import read_findings
from tests.harness.flawed import ENV, LAYERS
from tests.harness.images import ALPINE, DEBIAN_12, debian_packages, npm_package, pip_package
from tests.harness.scans import Scans

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.findings import Category
    from tests.conftest import Stack

STATUSES = {
    "curl": "7.88.1-10+deb12u1",
    "coreutils": "9.1-1",
    "ncurses": "6.4-4",
    "openldap": "2.5.13",
    "wpewebkit": "2.38",
    "sysvinit": "3.06-4",
    "tar": "1.34",
}


@pytest.fixture
def scans(tmp_path: Path, stack: Stack) -> Scans:
    made = Scans(tmp_path, stack.trivy, (stack.database,), look_for=CATEGORIES)
    made.add("app", {"linux/amd64": LAYERS}, env=ENV)
    return made


def found(scans: Scans) -> tuple[Finding, ...]:
    [platform] = read_findings(scans.root / scans.state.image("app").reports["findings"]).platforms
    return platform.findings


def by_kind(scans: Scans) -> dict[str, set[tuple[str, str, str]]]:
    kinds: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for finding in found(scans):
        if finding.severity >= Severity.HIGH:
            kinds[finding.category].add((finding.id, finding.path or finding.package, str(finding.severity)))
    return dict(kinds)


def test_everything_of_every_kind_is_found(scans: Scans) -> None:
    scans.scan()
    assert by_kind(scans) == {
        "vulnerability": {
            ("CVE-2023-45853", "zlib1g", "critical"),
            ("CVE-2019-10906", "app/jinja2-2.10.dist-info/METADATA", "high"),
        },
        "secret": {
            ("aws-access-key-id", "app/settings.py", "critical"),
            ("github-pat", "app/settings.py", "critical"),
            ("github-pat", "app/Dockerfile", "critical"),
            ("github-pat", "", "critical"),
        },
        "misconfiguration": {
            ("DS-0031", "", "critical"),
            ("DS-0002", "", "high"),
            ("DS-0031", "app/Dockerfile", "critical"),
            ("DS-0002", "app/Dockerfile", "high"),
            ("DS-0021", "app/Dockerfile", "high"),
            ("DS-0029", "app/Dockerfile", "high"),
            ("KSV-0014", "app/pod.yaml", "high"),
            ("KSV-0017", "app/pod.yaml", "high"),
            ("KSV-0118", "app/pod.yaml", "high"),
        },
        "license": {("GPL-3.0-only", "app/gpl-1.0.dist-info/METADATA", "high")},
    }


@pytest.mark.parametrize("category", CATEGORIES)
def test_what_is_not_looked_for_is_not_found(scans: Scans, category: Category) -> None:
    scans.look_for = [category]
    scans.scan()
    assert {finding.category for finding in found(scans)} == {category}


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_kind_alone_can_refuse_the_image(scans: Scans, category: Category) -> None:
    off = Thresholds.everywhere(None)
    thresholds = replace(off, **{category: Severity.HIGH})
    scans.policy = replace(scans.policy, fixable_only=False, thresholds=thresholds)
    assert scans.scan().image("app").verdict == "fail"
    blocking = {finding.category for finding in found(scans) if finding.line in scans.state.image("app").blocking}
    assert blocking == {category}


def test_a_secret_lies_where_it_is_said_to_lie(scans: Scans) -> None:
    scans.scan()
    [key] = [finding for finding in found(scans) if finding.id == "aws-access-key-id"]
    assert (key.path, key.start_line, key.excerpt) == ("app/settings.py", 1, 'ACCESS = "********************"')
    assert key.layer.startswith("sha256:")
    assert all(not finding.layer for finding in found(scans) if finding.subject == "image config")


def test_secrets_are_triaged_by_rule_and_file(scans: Scans) -> None:
    def entry(path: str | None = None, name: str = "github-pat") -> Ignore:
        return Ignore(id=name, path=path, reason="revoked", owner="web", expires=scans.now.date())

    secrets = replace(Thresholds.everywhere(None), secret=Severity.HIGH)
    scans.policy = replace(scans.policy, thresholds=secrets, ignores=(entry("app/*"), entry(name="aws-access-key-id")))
    assert scans.scan().image("app").blocking == ("github-pat image config (critical)",)
    scans.policy = replace(scans.policy, ignores=(entry("/"), entry(name="aws-access-key-id")))
    in_files = scans.scan().image("app").blocking
    assert in_files
    assert not [line for line in in_files if not line.startswith("github-pat app/")]
    scans.policy = replace(scans.policy, ignores=(entry(), entry(name="aws-access-key-id")))
    assert (scans.scan().image("app").verdict, scans.state.image("app").ignored) == ("pass", 4)


@pytest.mark.parametrize(
    ("threshold", "fixable_only", "blocking"),
    [
        (Severity.CRITICAL, False, {"curl"}),
        (Severity.MEDIUM, False, {"curl", "coreutils", "ncurses", "openldap", "wpewebkit"}),
        (Severity.LOW, False, set(STATUSES)),
        (Severity.LOW, True, {"curl"}),
    ],
)
def test_every_status_of_a_distribution_counts_as_the_policy_says(
    scans: Scans, threshold: Severity, fixable_only: bool, blocking: set[str]
) -> None:
    scans.add("app", {"linux/amd64": [debian_packages(**STATUSES)]})
    scans.images.pop(0)
    scans.policy = replace(
        scans.policy, thresholds=Thresholds.everywhere(threshold), fixable_only=fixable_only, unknown="ignore"
    )
    lines = scans.scan().image("app").blocking
    assert {line.split()[1] for line in lines} == blocking
    told = {f.package: (f.status, str(f.severity), f.severity_source) for f in found(scans)}
    assert told == {
        "curl": ("fixed", "critical", "nvd"),
        "coreutils": ("will_not_fix", "medium", "nvd"),
        "ncurses": ("fix_deferred", "medium", "nvd"),
        "openldap": ("affected", "high", "nvd"),
        "wpewebkit": ("end_of_life", "high", "nvd"),
        "sysvinit": ("affected", "low", "debian"),
        # NVD says high; the distribution's own word goes first.
        "tar": ("affected", "low", "debian"),
    }


def test_other_distributions_and_languages(scans: Scans) -> None:
    scans.add("app", {"linux/amd64": [ALPINE, npm_package("lodash", "4.17.20"), pip_package("urllib3", "2.0.5")]})
    scans.images.pop(0)
    scans.look_for = ["vulnerability"]
    image = scans.scan().image("app")
    assert set(image.blocking) >= {"CVE-2025-9230 libssl3 3.5.1-r0 (high)", "CVE-2021-23337 lodash 4.17.20 (high)"}
    assert {(f.type, f.severity_source) for f in found(scans)} == {
        ("alpine", "nvd"),
        ("node-pkg", "ghsa"),
        ("python-pkg", "ghsa"),
    }


@pytest.mark.parametrize(("days", "verdict"), [(0, "pass"), (-1, "fail")])
def test_grace_is_counted_from_the_day_the_database_tells(scans: Scans, days: int, verdict: str) -> None:
    scans.add("app", {"linux/amd64": [DEBIAN_12, pip_package("urllib3", "2.6.2")]})
    scans.images.pop(0)
    known_for = scans.now.date() - date(2026, 1, 7)
    scans.policy = replace(scans.policy, grace=known_for + timedelta(days=days))
    image = scans.scan().image("app")
    assert (image.verdict, image.findings) == (verdict, Counts(critical=1, high=1))
