"""Pages to look at: two images with findings of every kind, judged in every way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ci_toolkit.model.explanation import explain
from ci_toolkit.model.findings import Finding, Layer, Severity
from ci_toolkit.model.gate import Baseline, evaluate
from ci_toolkit.report.html.page import html_page, image_part
from tests.harness.findings import URLLIB3, ZLIB, image, platform
from tests.harness.reports import GLIBC, JINJA, LOW, OPENSSL, POLICY, SOURCE, TODAY, report, scanned

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.model.findings import ImageFindings
    from ci_toolkit.report.run_report import RunReport

BASE, PACKAGES, APP = ("sha256:" + digit * 64 for digit in "013")
LAYERS = (
    Layer(digest=BASE, created_by="/bin/sh -c #(nop) ADD file:4b1be1de1a1e5aa608 in /", base=True),
    Layer(digest=PACKAGES, created_by="RUN pip install --requirement requirements.txt", base=False, line=9),
    Layer(digest=APP, created_by="COPY app /app", base=False, line=12),
)
KEY = Finding(
    id="private-key",
    category="secret",
    severity=Severity.HIGH,
    title="Asymmetric Private Key",
    path="app/settings/signing.pem",
    start_line=1,
    excerpt="-----BEGIN PRIVATE KEY-----\n****************\n-----END PRIVATE KEY-----",
    resolution="take the key out of the image and revoke it",
    layer=APP,
)
ROOT_USER = Finding(
    id="DS002",
    category="misconfiguration",
    severity=Severity.MEDIUM,
    title="Image user should not be 'root'",
    type="dockerfile",
    resolution="add `USER nobody` to the Dockerfile",
)
COPYLEFT = Finding(
    id="AGPL-3.0",
    category="license",
    severity=Severity.LOW,
    package="ghostscript",
    installed="10.0.0",
    title="forbidden",
    layer=BASE,
)
REQUESTS = replace(
    URLLIB3,
    id="CVE-2026-25645",
    aliases=(),
    package="requests",
    purl="pkg:pypi/requests@2.31.0",
    installed="2.31.0",
    fixed="2.32.4",
    published="2026-11-20T00:00:00Z",
    title="requests: a redirect takes the netrc login along",
    path="app/requests-2.31.0.dist-info/METADATA",
)


def sample() -> RunReport:
    """`backend` is refused, `frontend` passes."""
    on_amd64 = [in_layer(f) for f in (GLIBC, OPENSSL, ZLIB, URLLIB3, REQUESTS, JINJA, LOW, KEY, ROOT_USER, COPYLEFT)]
    on_arm64 = [f for f in on_amd64 if f.id not in (OPENSSL.id, REQUESTS.id)]
    both = image(
        platform(*on_amd64, layers=LAYERS, packages=214),
        platform(*on_arm64, name="linux/arm64", layers=LAYERS, packages=209),
    )
    before = image(platform(in_layer(GLIBC)))
    policy = replace(POLICY, grace=timedelta(days=14))
    decision = evaluate(both, policy, TODAY, baseline=Baseline(name="deploy/production/backend.yaml", findings=before))
    explanation = explain(both, decision, policy, source=SOURCE, today=TODAY)
    backend = replace(scanned(both, policy), decision=decision, explanation=explanation)
    frontend = scanned(image(platform(JINJA, packages=38), image="frontend"), policy)
    return report(backend, frontend, policy=policy)


def in_layer(finding: Finding) -> Finding:
    """The finding where it would be."""
    return replace(finding, layer=finding.layer if finding.category != "vulnerability" else layer_of(finding))


def layer_of(finding: Finding) -> str:
    """Distributions' packages come with the base image."""
    return BASE if finding.kind == "os-pkgs" else PACKAGES


def of_image(found: ImageFindings) -> RunReport:
    """A run of this image alone."""
    return report(scanned(found))


def written(run: RunReport, file: Path) -> Path:
    """The run's page as a file."""
    file.write_bytes(page(run))
    return file


def page(run: RunReport) -> bytes:
    """The run's page."""
    told = [(each.findings, each.decision, each.explanation, each.dockerfile) for each in run.images]
    parts = [
        image_part(findings, decision, explanation, run.policy, dockerfile=dockerfile, number=number)
        for number, (findings, decision, explanation, dockerfile) in enumerate(told)
        if findings and decision and explanation
    ]
    return html_page(parts, run.state.source)
