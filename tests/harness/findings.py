"""Findings to judge and to report, without a scanner."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.findings import Finding, ImageFindings, PlatformFindings, Severity
from ci_toolkit.model.policy import GatePolicy, Thresholds

GATE = GatePolicy(
    thresholds=Thresholds.everywhere(Severity.HIGH),
    fixable_only=True,
    unknown="warn",
    end_of_life_os="fail",
    incomplete="fail",
)
"""A policy as most projects have it."""
URLLIB3 = Finding(
    id="CVE-2019-11324",
    aliases=("GHSA-mh33-7rrq-662w",),
    package="urllib3",
    purl="pkg:pypi/urllib3@1.24.1",
    installed="1.24.1",
    fixed="1.24.2",
    status="fixed",
    severity=Severity.HIGH,
    severity_source="ghsa",
    title="urllib3: certification mishandle",
    url="https://avd.aquasec.com/nvd/cve-2019-11324",
    published="2019-04-18T21:29:00Z",
    kind="lang-pkgs",
    type="python-pkg",
    path="app/urllib3-1.24.1.dist-info/METADATA",
    layer="sha256:" + "1" * 64,
    score=7.5,
)
ZLIB = Finding(
    id="CVE-2023-45853",
    package="zlib1g",
    purl="pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.5&epoch=1",
    installed="1:1.2.13.dfsg-1",
    status="will_not_fix",
    severity=Severity.CRITICAL,
    kind="os-pkgs",
    type="debian",
)
TOKEN = Finding(
    id="github-pat",
    category="secret",
    severity=Severity.CRITICAL,
    title="GitHub Personal Access Token",
    type="GitHub",
    path="app/settings.py",
    start_line=2,
    excerpt='TOKEN = "****"',
)
AS_ROOT = Finding(
    id="DS-0002",
    category="misconfiguration",
    severity=Severity.HIGH,
    title="Image user should not be 'root'",
    excerpt="Specify at least 1 USER command",
    type="dockerfile",
)
COPYLEFT = Finding(
    id="GPL-3.0-only",
    category="license",
    package="readline",
    severity=Severity.HIGH,
    title="restricted licence",
    type="restricted",
)
OF_EACH_KIND = (URLLIB3, TOKEN, AS_ROOT, COPYLEFT)


def platform(*findings: Finding, name: str = "linux/amd64", **changes: Any) -> PlatformFindings:
    """One platform of Debian 12 with these findings."""
    base = PlatformFindings(platform=name, digest=Digest.of(name.encode()), os="debian 12.5", packages=2)
    return replace(base, findings=findings, **changes)


def image(*platforms: PlatformFindings, **changes: Any) -> ImageFindings:
    """The image `backend` with these platforms."""
    base = ImageFindings(
        image="backend",
        digest=Digest.of(b"index"),
        scanner="trivy",
        scanner_version="0.76.0",
        scanned_at="2026-11-24T10:00:00+00:00",
        database_updated="2026-11-24T06:00:00+00:00",
        database_repository="localhost:5000/trivy-db:2",
        platforms=platforms,
    )
    return replace(base, **changes)


def without_code(markdown: str) -> str:
    """Markdown without its code, blocks and spans, in which nothing acts."""
    text = re.sub(r"(?ms)^(```+)[a-z]*\n.*?^\1\n", "", markdown)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
