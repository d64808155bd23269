"""The SARIF step with GitHub at its end: images whose findings are made up, and everything that is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_toolkit.ci.analysis_target import target_of
from ci_toolkit.ci.code_scanning import CodeScanning
from ci_toolkit.ci.github_api import GitHubApi
from ci_toolkit.deadlines import Limits
from ci_toolkit.errors import ToolkitError
from ci_toolkit.model.context import CiContext
from ci_toolkit.redact import Redactor
from ci_toolkit.report.findings_file import write_findings
from ci_toolkit.state import ImageState, Scan, Source, State
from ci_toolkit.steps.judge import Judge
from ci_toolkit.steps.sarif import SarifStep
from ci_toolkit.steps.sarif_upload import Delivery
from tests.harness.findings import GATE, image
from tests.harness.pushing import Heard, Naps
from tests.harness.scans import options

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.config.options import ImageOptions
    from ci_toolkit.model.findings import PlatformFindings
    from tests.harness.code_scanning import GitHub

REVISION = "0123456789abcdef0123456789abcdef01234567"
ON_MAIN = CiContext(
    platform="github",
    event="push",
    revision=REVISION,
    branch="main",
    source_url="https://github.com/acme/app",
    actor="octocat",
)


Mode = Literal["auto", "always"]
MODES: tuple[Mode, ...] = ("auto", "always")


@dataclass
class Uploading:
    """A run on GitHub that has scanned its images below `root`."""

    root: Path
    github: GitHub
    context: CiContext = ON_MAIN
    env: dict[str, str] = field(default_factory=dict)
    """Over the variables of a push to main."""
    heard: Heard = field(default_factory=Heard)
    naps: Naps = field(default_factory=Naps)
    redact: Redactor = field(default_factory=Redactor)
    saved: list[State] = field(default_factory=list)
    images: list[ImageOptions] = field(default_factory=list)
    state: State = field(
        default_factory=lambda: State(tool_version="0", source=Source(revision=REVISION, images_hash="sha256:0"))
    )

    def scanned(self, name: str, *platforms: PlatformFindings) -> None:
        """Add an image with these findings."""
        found = image(*platforms, image=name)
        file = self.root / f"{name}.json"
        write_findings(file, found)
        scan = Scan(
            scanner="trivy", version="1", policy_hash="sha256:1", scanned_at=found.scanned_at, digest=found.digest
        )
        known = ImageState(digest=found.digest, scan=scan, reports={"findings": file.name})
        self.state = self.state.with_image(name, **{f: getattr(known, f) for f in ("digest", "scan", "reports")})
        self.images.append(options(name, self.root))

    def step(self, mode: Literal["auto", "always"] = "auto") -> SarifStep:
        """The step as `ci_toolkit.cli` makes it, with a clock that takes no time."""
        defaults = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": REVISION,
            "GITHUB_TOKEN": self.github.token,
        }
        env = {**defaults, **self.env}
        patience = self.naps.patience()
        uploader = CodeScanning(
            target_of(env, self.context),
            lambda target: GitHubApi(
                target.api,
                target.token,
                env=env,
                redact=self.redact,
                progress=self.heard,
                limits=Limits(connect=2, idle=5, total=20),
                patience=patience,
            ),
            strict=mode == "always",
            patience=patience,
        )
        return SarifStep(
            self.images,
            judge=Judge(GATE, root=self.root, repository=self.root),
            category="container/{image}",
            root=self.root,
            workdir=self.root / ".ci-toolkit",
            progress=self.heard,
            save=self.saved.append,
            delivery=Delivery(uploader=uploader, progress=self.heard),
        )

    def run(self, mode: Literal["auto", "always"] = "auto") -> ToolkitError | None:
        """Run the step and keep the state; the error it ends in, if any."""
        try:
            self.state = self.step(mode).run(self.state)
        except ToolkitError as error:
            self.state = self.saved[-1]
            return error
        return None

    def outcome(self, name: str = "backend") -> tuple[str, str]:
        """Status and reason as the state keeps them."""
        kept = self.state.image(name).code_scanning
        assert kept
        return kept.status, kept.reason or ""

    @property
    def said(self) -> str:
        """Everything that was said."""
        return "\n".join(f"{kind}: {text}" for kind, text in self.heard.lines)
