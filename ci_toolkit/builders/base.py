"""What a builder is given, and what it gives: a request in, an OCI layout out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.model.plan import Action
    from ci_toolkit.progress import Task

STEP = "build"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSecret:
    """A secret of a build: its id, and the environment variable or the file that holds it, one of the two."""

    id: str
    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildCache:
    """Where BuildKit's cache is kept between runs: `ref` for a registry, `path` for a directory."""

    type: Literal["gha", "registry", "local", "inline", "none"] = "none"
    ref: str | None = None
    path: Path | None = None
    mode: Literal["min", "max"] = "max"


@dataclass(frozen=True, slots=True)
class PushTo:
    """A repository that the builder itself pushes to, by digest alone."""

    repository: str
    insecure: bool = False
    """Plain HTTP is allowed there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """One image to build. Paths are absolute; labels and annotations are the final ones."""

    name: str
    context: Path
    dockerfile: Path
    target: str | None = None
    platforms: tuple[str, ...] = ()
    """Empty: the builder's own."""
    build_args: Mapping[str, str]
    build_contexts: Mapping[str, str]
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[str, ...] = ()
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    cache: BuildCache
    provenance: Literal["none", "min", "max"] = "min"
    epoch: int | None = None
    """SOURCE_DATE_EPOCH, seconds since 1970, of a reproducible build; None for the builder's own clock."""

    push_to: PushTo | None = None
    """None: the result is a layout."""

    left_out: str | None = None
    """A path below the context that the build must not see: the workdir, which every run changes."""

    @property
    def gives_index(self) -> bool:
        """True where the result is an index: several platforms, or attestations beside the one."""
        return len(self.platforms) > 1 or self.provenance != "none"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where one build leaves things: a directory of its own, gone when the build is adopted or has failed."""

    directory: Path

    @property
    def layout(self) -> Path:
        """The OCI layout that is built."""
        return self.directory / "layout"

    @property
    def source(self) -> Path:
        """The Dockerfile and ignore file of a build that leaves something of its context out."""
        return self.directory / "source"

    @property
    def metadata(self) -> Path:
        """What Buildx says of the result."""
        return self.directory / "metadata.json"

    @property
    def image_id(self) -> Path:
        """The id of an image that was loaded into an engine."""
        return self.directory / "image-id"

    @property
    def saved(self) -> Path:
        """An engine's image on its way into the layout."""
        return self.directory / "saved"


class UnsuitableBuilderError(ToolError):
    """This builder can't do what is asked, and nothing was built: another one may."""


class Builder(Protocol):
    """Builds an image into `Workspace.layout`; with `push_to`, straight into that repository if it can."""

    def plan(self, request: BuildRequest, workspace: Workspace) -> Sequence[Action]:
        """The commands `build` would run, in order; those that hang on the engine with their condition."""

    def build(self, request: BuildRequest, workspace: Workspace, task: Task) -> str:
        """Build, and say what did: `default (docker driver)`.

        Raises ToolError; `UnsuitableBuilderError` where nothing was begun.
        """


def shown_platforms(request: BuildRequest) -> str:
    """The platforms for people."""
    return ", ".join(request.platforms) or "the builder's own platform"


def cache_scope(request: BuildRequest) -> str:
    """A name of the cache for this image and these platforms, so that no two builds overwrite each other's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join((request.name, *request.platforms)))
