"""Builds on the real engine: plain image options, steps made of real parts, a progress that listens."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ci_toolkit.builders.select import choose_builder
from ci_toolkit.config.options import CacheOptions, ImageOptions
from ci_toolkit.model.context import CiContext
from ci_toolkit.model.tags import NO_FLAVOR, TagRule
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.state import Source, State
from ci_toolkit.steps.build import BuildStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.builders.layouts import PreviousImage
    from ci_toolkit.model.plan import Action
    from ci_toolkit.progress import Task
    from ci_toolkit.steps.build import PreviousImages
    from ci_toolkit.steps.quarantine import Quarantine

REVISION = "0123456789abcdef0123456789abcdef01234567"
CONTEXT = CiContext(
    revision=REVISION,
    committed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    branch="main",
    source_url="https://example.com/acme/app",
)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
BOTH = ("linux/amd64", "linux/arm64")
COPY = "FROM scratch\nCOPY a.txt /a.txt\n"
EMPTY = State(tool_version="0", source=Source(revision=REVISION, images_hash="0" * 64))


class NoPreviousImages:
    """Knows of none: for a build that must not ask a registry."""

    def plan(self, image: ImageOptions, tag: str) -> Sequence[Action]:  # noqa: ARG002
        """Nothing is asked."""
        return []

    def find(self, image: ImageOptions, tag: str) -> PreviousImage | None:  # noqa: ARG002
        """None."""
        return None


def image_options(context: Path, **changes: Any) -> ImageOptions:
    """An image called `app` with everything plain, and these options."""
    plain: dict[str, Any] = {
        "name": "app",
        "context": context,
        "dockerfile": context / "Dockerfile",
        "target": None,
        "platforms": (),
        "build_args": {},
        "build_contexts": {},
        "secrets": {},
        "ssh": (),
        "labels": {},
        "annotations": {},
        "title": None,
        "description": None,
        "licenses": None,
        "cache": CacheOptions(type="none", ref=None, path=None, mode="max"),
        "provenance": "min",
        "reproducible": True,
        "repositories": (),
        "tags": (TagRule("sha-{sha:7}"),),
        "flavor": NO_FLAVOR,
        "immutable_tags": (),
        "version_file": None,
        "scratch": True,
    }
    return ImageOptions(**{**plain, **changes})


@dataclass
class Heard:
    """A `Progress` that keeps everything it was told."""

    lines: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        self.lines.append(message)

    def warn(self, message: str) -> None:
        self.lines.append(f"warning: {message}")

    def debug(self, message: str) -> None:
        self.lines.append(message)

    def tool(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def task(self, title: str, total: int | None = None, *, unit: str = "B") -> Iterator[Task]:
        self.lines.append(f"{title} {total} {unit}")
        yield self

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        self.lines.append(f"stage {title}")
        yield

    def advance(self, amount: int) -> None:
        self.lines.append(f"advanced by {amount}")

    def note(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Bench:
    """Where builds are made: a root with its workdir, and the environment they run in."""

    root: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    heard: Heard = field(default_factory=Heard)
    redact: Redactor = field(default_factory=Redactor)
    create: bool = False

    @property
    def workdir(self) -> Path:
        return self.root / ".ci-toolkit"

    def step(
        self,
        *images: ImageOptions,
        context: CiContext = CONTEXT,
        previous: PreviousImages | None = None,
        builder: str | None = None,
        quarantine: Quarantine | None = None,
    ) -> BuildStep:
        """The build step of these images, on the real engine."""
        runner = SystemRunner(self.env, self.redact)
        return BuildStep(
            images={image.name: image for image in images},
            context=context,
            builder=choose_builder(runner, self.env, self.heard, name=builder, create=self.create),
            previous=previous or NoPreviousImages(),
            root=self.root,
            workdir=self.workdir,
            env=self.env,
            redact=self.redact,
            progress=self.heard,
            now=NOW,
            quarantine=quarantine,
        )


def write_context(directory: Path, dockerfile: str, **files: str) -> Path:
    """A build context with this Dockerfile and these files (`a_txt` is `a.txt`)."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)
    return directory
