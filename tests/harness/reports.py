"""Runs to report: the states, findings and times of what really happens, made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from ci_toolkit.errors import RemoteError, SourceLine, VerdictError
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.explanation import Source as BuiltFrom
from ci_toolkit.model.explanation import explain
from ci_toolkit.model.findings import Finding, ImageFindings, Severity
from ci_toolkit.model.gate import evaluate
from ci_toolkit.model.policy import GatePolicy, Ignore
from ci_toolkit.model.promotion import Promotion
from ci_toolkit.model.timeline import StepTime
from ci_toolkit.report.run_report import ImageReport, RunReport
from ci_toolkit.state import ImageState, PinEdit, Pushed, Scan, Source, State
from tests.harness.findings import GATE, URLLIB3, ZLIB, image, platform

if TYPE_CHECKING:
    from ci_toolkit.model.timeline import Outcome

TODAY = date(2026, 11, 24)
SOURCE = BuiltFrom(dockerfile="services/backend/Dockerfile", line=7, base="debian:12-slim")
INDEX = Digest.of(b"index")
RUN = "https://github.com/acme/shop/actions/runs/4711"
IGNORES = (
    Ignore(id="CVE-2023-45853", package="zlib1g", reason="minizip isn't built", owner="platform",
           expires=date(2027, 3, 31)),
    Ignore(id="CVE-2024-0001", reason="the parser isn't reachable", owner="shop", expires=date(2026, 12, 1)),
    Ignore(id="CVE-2024-0002", reason="no fix yet", owner="shop", expires=date(2027, 1, 31)),
    Ignore(id="CVE-2024-0003", reason="waits for the vendor", owner="platform", expires=date(2026, 11, 1)),
    Ignore(id="CVE-2024-0004", reason="gone since the last upgrade", owner="shop", expires=date(2027, 1, 31)),
)  # fmt: skip
POLICY = replace(GATE, ignores=IGNORES)
OPENSSL = replace(
    ZLIB,
    id="CVE-2024-0001",
    package="libssl3",
    purl="pkg:deb/debian/libssl3@3.0.11-1?arch=amd64",
    installed="3.0.11-1",
    title="openssl: a loop that doesn't end",
    severity=Severity.HIGH,
)
JINJA = replace(
    URLLIB3,
    id="CVE-2024-0002",
    aliases=(),
    package="jinja2",
    purl="pkg:pypi/jinja2@2.10",
    installed="2.10",
    fixed="2.11.3",
    title="jinja2: the sandbox leaks",
    severity=Severity.MEDIUM,
    path="app/jinja2-2.10.dist-info/METADATA",
)
GLIBC = replace(
    ZLIB,
    id="CVE-2024-0003",
    package="libc6",
    purl="pkg:deb/debian/libc6@2.36-9?arch=amd64",
    installed="2.36-9",
    fixed="2.36-9+deb12u4",
    status="fixed",
    title="glibc: iconv writes past its buffer",
    severity=Severity.CRITICAL,
    url="https://avd.aquasec.com/nvd/cve-2024-0003",
)
LOW = replace(JINJA, id="CVE-2024-0100", severity=Severity.LOW, title="jinja2: a small thing")


def findings(*amd64: Finding, arm64: tuple[Finding, ...] | None = None, **changes: Any) -> ImageFindings:
    """The findings of `backend`, on one platform or two."""
    platforms = [platform(*amd64)]
    if arm64 is not None:
        platforms.append(platform(*arm64, name="linux/arm64"))
    return image(*platforms, **changes)


def scanned(found: ImageFindings, policy: GatePolicy = POLICY, **changes: Any) -> ImageReport:
    """An image as it is after its scan."""
    decision = evaluate(found, policy, TODAY)
    state = ImageState(
        digest=found.digest,
        platforms={p.platform: p.digest for p in found.platforms},
        version="1.4.2",
        tags=("1.4.2", "1.4", "latest"),
        verdict=decision.verdict,
        gate="on",
        findings=found.counts(),
        ignored=decision.ignored,
        blocking=decision.grounds,
        scan=Scan(
            scanner="trivy",
            version="0.76.0",
            policy_hash="p",
            scanned_at=found.scanned_at,
            digest=found.digest,
            database_updated=found.database_updated,
        ),
        reports={"findings": f".ci-toolkit/reports/{found.image}/findings.json"},
    )
    state = replace(state, **changes)
    return ImageReport(
        name=found.image, state=state, dockerfile="services/backend/Dockerfile", line=7, findings=found,
        decision=decision, explanation=explain(found, decision, policy, source=SOURCE, today=TODAY),
    )  # fmt: skip


def pushed(repository: str, **changes: Any) -> Pushed:
    """What a push of `backend` to a repository came to."""
    base = Pushed(
        repository=repository,
        digest=INDEX,
        tags=("1.4.2", "1.4", "latest"),
        uploaded=12,
        present=3,
        bytes=34_512_000,
        tags_moved=3,
    )
    return replace(base, **changes)


def pin(file: str, line: int, *, changed: bool = True, environment: str | None = None) -> PinEdit:
    """A place of a manifest that holds `backend` now."""
    new = f"ghcr.io/acme/backend:1.4.2@{INDEX}"
    old = f"ghcr.io/acme/backend:1.4.1@{Digest.of(b'before')}" if changed else new
    return PinEdit(file=file, document=1, line=line, old=old, new=new, environment=environment)


def times(**outcomes: Outcome) -> tuple[StepTime, ...]:
    """Steps one after the other."""
    seconds = {"build": 74.3, "tag": 0.0, "scan": 9.4, "push": 5.21, "sarif": 0.31, "pin": 0.08}
    made: list[StepTime] = []
    for step, outcome in outcomes.items():
        began = made[-1].began + made[-1].seconds if made else 0.0
        took = 0.0 if outcome == "left out" else seconds[step]
        made.append(StepTime(step=step, began=began, seconds=took, outcome=outcome))
    return tuple(made)


def report(*images: ImageReport, **changes: Any) -> RunReport:
    """A run of these images."""
    source = Source(
        images_hash="i",
        revision="0123456789abcdef0123456789abcdef01234567",
        repository="https://github.com/acme/shop",
        ref="main",
        run_url=RUN,
    )
    state = State(tool_version="0.5.0", source=source, images={i.name: i.state for i in images})
    base = RunReport(
        state=replace(state, pins=changes.pop("pins", ()), promotions=changes.pop("promotions", ())),
        images=images,
        policy=POLICY,
        times=(),
        failure=None,
        today=TODAY,
        root="delivery",
        config_file="delivery/.ci-toolkit.yml",
        ignore_places={e: SourceLine("delivery/.ci-toolkit.yml", 20 + n) for n, e in enumerate(IGNORES)},
    )
    return replace(base, **changes)


def passed() -> RunReport:
    """Two platforms, two registries, two pins."""
    found = findings(ZLIB, OPENSSL, JINJA, LOW, arm64=(ZLIB, JINJA, LOW))
    return report(
        scanned(found, pushed=(pushed("ghcr.io/acme/backend"), pushed("registry.example.com/shop/backend"))),
        times=times(build="done", tag="done", scan="done", push="done", sarif="done", pin="done"),
        pins=(
            pin("deploy/production/backend.yaml", 21),
            pin("deploy/production/backend.yaml", 48),
            pin("deploy/production/jobs.yaml", 12),
            pin("deploy/staging/backend.yaml", 21, changed=False),
        ),
    )


def refused() -> RunReport:
    """The gate's no, on one of two platforms more than on the other."""
    more = [
        replace(URLLIB3, id=f"CVE-2020-100{n}", title=f"urllib3: matter {n}", fixed=f"1.2{4 + n // 3}.2")
        for n in range(5)
    ]
    other = replace(URLLIB3, id="CVE-2021-5", package="pip", purl="pkg:pypi/pip@20", installed="20", fixed="21.1")
    found = findings(GLIBC, URLLIB3, *more, ZLIB, JINJA, LOW, arm64=(GLIBC, URLLIB3, other, ZLIB))
    return report(
        scanned(found),
        times=times(build="done", tag="done", scan="refused", push="left out", sarif="done", pin="left out"),
        failure=VerdictError(
            "the gate refuses backend: 8 blocking, first CVE-2024-0003 libc6 2.36-9 (critical)",
            hint="upgrade what is fixable, or add a `scan.ignore` entry with a reason, an owner and an expiry date",
        ),
    )


def push_failed() -> RunReport:
    """One of two registries is down."""
    why = "registry.example.com answers 503 to PUT /v2/shop/backend/manifests/1.4.2 (5 tries in 61 s)"
    return report(
        scanned(
            findings(JINJA),
            pushed=(pushed("ghcr.io/acme/backend"),),
            failed_pushes={"registry.example.com/shop/backend": why},
        ),
        times=times(build="done", tag="done", scan="done", push="failed", sarif="done", pin="left out"),
        failure=RemoteError(why, hint="run `ci-toolkit push` again: it does what is missing"),
    )


def pinned() -> RunReport:
    """`ci-toolkit pin` alone, in a job of its own."""
    return report(
        scanned(findings(JINJA), pushed=(pushed("ghcr.io/acme/backend"),)),
        times=times(pin="done"),
        pins=(pin("deploy/production/backend.yaml", 21), pin("deploy/staging/backend.yaml", 21, changed=False)),
    )


def promoted() -> RunReport:
    """To production, after another run brought it to staging."""
    staging = Promotion(
        environment="staging",
        image="backend",
        source="build",
        source_repository="ghcr.io/acme/backend",
        repository="ghcr.io/acme/backend",
        digest=INDEX,
        tags=("staging",),
        gate="on",
        by="alice",
        at="2026-11-23T08:00:00+00:00",
        run_url="https://github.com/acme/shop/actions/runs/4000",
    )
    production = replace(
        staging,
        environment="production",
        source="staging",
        repository="registry.example.com/prod/backend",
        tags=("production-0123456", "prod"),
        replaced={"prod": Digest.of(b"before")},
        gate="overridden",
        reason="hotfix, see the incident",
        by="bob",
        at="2026-11-24T09:30:00+00:00",
        run_url=RUN,
    )
    return report(
        scanned(findings(JINJA), pushed=(pushed("ghcr.io/acme/backend"),)),
        environment="production",
        promotions=(production, staging),
        pins=(
            pin("deploy/production/backend.yaml", 21, environment="production"),
            pin("deploy/staging/backend.yaml", 21, environment="staging"),
        ),
    )


def crowded(number: int = 25_000) -> RunReport:
    """So many findings that no page holds them; every 250th blocks."""
    severities = [*([Severity.LOW] * 7), Severity.MEDIUM, Severity.MEDIUM, Severity.UNKNOWN]
    many = [
        replace(
            URLLIB3,
            id=f"CVE-2025-{n}",
            package=f"package-{n % 400}",
            purl=f"pkg:pypi/package-{n % 400}@1",
            severity=Severity.HIGH if n % 250 == 0 else severities[n % 10],
            title=f"matter {n}",
        )
        for n in range(number // 2)
    ]
    return report(
        scanned(findings(*many, arm64=tuple(many))),
        times=times(build="done", tag="done", scan="refused", push="left out", sarif="done", pin="left out"),
        failure=VerdictError("the gate refuses backend: 50 blocking", hint="upgrade what is fixable"),
    )
