"""What a scanner is: targets in, normalised findings out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.findings import Finding, Layer, PlatformFindings
    from ci_toolkit.model.recipe import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One platform of one image, as a layout that holds nothing else."""

    image: str
    platform: str
    manifest: Digest
    config: Digest
    """Of what the scanner is given, by which its report is known."""
    layout: Path
    report: Path
    """Where the scanner writes its own report, which is kept."""
    layers: tuple[Layer, ...] = ()
    """By manifest and config, lowest first; empty where they aren't at hand yet."""
    recipe: Recipe | None = None
    """What its Dockerfile says; None where there is none at hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command a scan runs; `when` says on which condition, where there is one."""

    argv: tuple[str, ...]
    summary: str
    image: str | None = None
    when: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heeded:
    """What could silence a scanner in an image."""

    comments: tuple[Finding, ...] = ()
    charts: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """The files of Helm charts, by the digest of their layer: path → content."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanned:
    """What came out: the findings in the targets' order, and whose word they are."""

    findings: tuple[PlatformFindings, ...]
    version: str
    database_updated: str
    """ISO 8601."""
    database_repository: str | None


class Scanner(Protocol):
    """Looks into images; judges nothing."""

    name: ClassVar[str]

    def commands(self, targets: Sequence[Target], private: Path) -> Sequence[Command]:
        """What `scan` runs, in order: no write, no process."""

    def scan(self, targets: Sequence[Target], private: Path, whole: Callable[[], None]) -> Scanned:
        """Scan every target; raises ToolError if one of them couldn't be, or if its report can't be believed.

        `private` is a directory of this scan's own, removed by the caller afterwards. Nothing is kept for other scans
        before `whole` was called: it raises, and so does this, where targets aren't what their digests say.
        """
