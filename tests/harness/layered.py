"""An image with everything a scan can find, in layers that are known: the base image's, and two of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from ci_toolkit.model.digest import Digest
from ci_toolkit.model.explanation import Explanation, Source, explain
from ci_toolkit.model.findings import Finding, ImageFindings, Layer, Severity
from ci_toolkit.model.gate import Baseline, Decision, evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore
from tests.harness.findings import GATE, URLLIB3, ZLIB, image, platform

TODAY = date(2026, 11, 24)
BASE, COPIED, INSTALLED = (
    Layer(digest=str(Digest.of(b"base")), base=True, line=3),
    Layer(digest=str(Digest.of(b"copied")), base=False, line=7, created_by="COPY app /app"),
    Layer(digest=str(Digest.of(b"installed")), base=False, line=9, created_by="RUN pip install"),
)
LAYERS = (BASE, COPIED, INSTALLED)
GLIBC = replace(
    ZLIB, id="CVE-2024-2961", package="libc6", purl="pkg:deb/debian/libc6@2.36-9", installed="2.36-9",
    fixed="2.36-9+deb12u6", status="fixed", severity_source="debian", layer=BASE.digest,
    title="glibc: iconv writes past its buffer",
)  # fmt: skip
ICONV = replace(GLIBC, id="CVE-2024-33599", severity=Severity.HIGH, title="glibc: nscd's cache overflows")
NO_FIX = replace(ZLIB, severity_source="nvd", layer=BASE.digest, title="zlib: integer overflow in minizip")
PYTHON = replace(URLLIB3, layer=INSTALLED.digest)
FRESH = replace(PYTHON, id="CVE-2026-1", published="2026-11-20T00:00:00Z", title="urllib3: a new matter")
KNOWN = replace(
    PYTHON, id="CVE-2020-14343", package="pyyaml", purl="pkg:pypi/pyyaml@5.3", installed="5.3", fixed="5.4",
    severity=Severity.CRITICAL, title="PyYAML: full_load runs code", path="app/PyYAML-5.3.dist-info/METADATA",
)  # fmt: skip
SECRET = Finding(
    id="aws-access-key-id", category="secret", severity=Severity.CRITICAL, title="AWS Access Key ID", type="AWS",
    path="app/settings.py", start_line=2, excerpt='KEY = "****"', layer=COPIED.digest,
)  # fmt: skip
ROOT = Finding(
    id="DS-0002", category="misconfiguration", severity=Severity.HIGH, title="Image user should not be 'root'",
    type="dockerfile", resolution="Add 'USER <non root user name>' line to the Dockerfile",
)  # fmt: skip
COPYLEFT = Finding(
    id="GPL-3.0-only", category="license", package="mysqlclient", severity=Severity.HIGH, type="restricted",
    title="restricted licence", path="app/mysqlclient-2.dist-info/METADATA", layer=INSTALLED.digest,
)  # fmt: skip
EVERYTHING = (GLIBC, ICONV, NO_FIX, PYTHON, FRESH, KNOWN, SECRET, ROOT, COPYLEFT)
TRIAGED = Ignore(
    id=NO_FIX.id, package="zlib1g", reason="minizip isn't built", owner="platform", expires=date(2027, 3, 31)
)
POLICY = replace(GATE, fixable_only=False, grace=timedelta(days=14), ignores=(TRIAGED,))
SOURCE = Source(dockerfile="services/backend/Dockerfile", line=3, base="debian:12-slim")


def layered(*findings: Finding) -> ImageFindings:
    """One platform with these findings, everything where none are given."""
    return image(platform(*(findings or EVERYTHING), layers=LAYERS))


def judged(found: ImageFindings, policy: GatePolicy = POLICY) -> Decision:
    """Against a baseline that has the one finding."""
    return evaluate(found, policy, TODAY, baseline=Baseline(name="production", findings=layered(KNOWN)))


def explained(found: ImageFindings, policy: GatePolicy = POLICY) -> Explanation:
    """The decision of `judged`, explained."""
    return explain(found, judged(found, policy), policy, source=SOURCE, today=TODAY)
