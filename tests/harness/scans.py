"""A scan step on a layout made in memory, and everything it says."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ci_toolkit.config.options import CacheOptions, ImageOptions
from ci_toolkit.layout import Layout
from ci_toolkit.model.oci import OCI_LAYER_GZIP, Index
from ci_toolkit.model.tags import NO_FLAVOR
from ci_toolkit.process import SystemRunner
from ci_toolkit.progress import Silent
from ci_toolkit.redact import Redactor
from ci_toolkit.scanners.trivy import Trivy
from ci_toolkit.state import ImageState, Source, State
from ci_toolkit.steps.scan import ScanStep
from tests.harness.findings import GATE
from tests.harness.images import make_image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.model.findings import Category
    from ci_toolkit.model.policy import GatePolicy
    from tests.harness.images import Tree


class Listener(Silent):
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, message: str) -> None:
        """Remember it."""
        self.said.append(message)

    def warn(self, message: str) -> None:
        """Remember it."""
        self.said.append(f"warning: {message}")


def options(name: str, root: Path, **changes: Any) -> ImageOptions:
    """An image of the config, all defaults."""
    base = ImageOptions(
        name=name,
        context=root,
        dockerfile=root / "Dockerfile",
        target=None,
        platforms=(),
        build_args={},
        build_contexts={},
        secrets={},
        ssh=(),
        labels={},
        annotations={},
        title=None,
        description=None,
        licenses=None,
        cache=CacheOptions(type="none", ref=None, path=None, mode="min"),
        provenance="none",
        reproducible=True,
        repositories=(),
        tags=(),
        flavor=NO_FLAVOR,
        immutable_tags=(),
        version_file=None,
        scratch=False,
    )
    return replace(base, **changes)


@dataclass
class Scans:
    """Scans below `root`, with this Trivy and these repositories for its database."""

    root: Path
    program: Path | None
    repositories: tuple[str, ...] = ()
    policy: GatePolicy = GATE
    look_for: Sequence[Category] = ("vulnerability", "secret")
    low_secrets: bool = False
    max_age: timedelta = timedelta(hours=48)
    timeout: timedelta = timedelta(seconds=60)
    grace: float = 15.0
    container: str = "aquasec/trivy"
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    progress: Listener = field(default_factory=Listener)
    saved: list[State] = field(default_factory=list)
    images: list[ImageOptions] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    workdir: str = ".ci-toolkit"
    state: State = field(
        default_factory=lambda: State(tool_version="0", source=Source(revision=None, images_hash="sha256:0"))
    )

    def add(
        self,
        name: str,
        platforms: Mapping[str, Sequence[Tree]],
        *,
        index: bool = True,
        env: Mapping[str, str] | None = None,
        claims: Sequence[Tree] = (),
        layer: str = OCI_LAYER_GZIP,
        created_by: str = "COPY",
        **changes: Any,
    ) -> None:
        """Build an image, as `make_image` does: its layout, its options, its state."""
        path = self.root / self.workdir / "layouts" / name
        root = make_image(path, platforms, index=index, env=env, created_by=created_by, claims=claims, layer=layer)
        document = Layout(path).document(root)
        built = dict(document.platforms) if isinstance(document, Index) else {next(iter(platforms)): root.digest}
        image = ImageState(digest=root.digest, platforms=built, layout=str(path.relative_to(self.root)))
        self.state = replace(self.state, images={**self.state.images, name: image})
        self.images.append(options(name, self.root, **changes))

    @property
    def scanner(self) -> Trivy:
        """The scanner."""
        return Trivy(
            SystemRunner(self.env, Redactor()),
            cache=self.root / "cache",
            repositories=self.repositories,
            max_age=self.max_age,
            timeout=self.timeout,
            image=self.container,
            clock=lambda: self.now,
            progress=self.progress,
            categories=self.look_for,
            low_secrets=self.low_secrets,
            program=self.program,
            grace=self.grace,
        )

    @property
    def step(self) -> ScanStep:
        """The step, made anew: nothing is kept in memory from scan to scan."""
        return ScanStep(
            self.images,
            scanner=self.scanner,
            policy=self.policy,
            policy_hash="sha256:1",
            root=self.root,
            workdir=self.root / self.workdir,
            clock=lambda: self.now,
            progress=self.progress,
            save=self.saved.append,
        )

    def scan(self) -> State:
        """Scan all images and keep the state."""
        self.state = self.step.run(self.state)
        return self.state
