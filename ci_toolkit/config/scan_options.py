"""The options of `scan` as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ci_toolkit.model.findings import Category
    from ci_toolkit.model.policy import GatePolicy
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.model.sbom import SbomFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseOptions:
    """`scan.database`: where Trivy's vulnerability database comes from."""

    repositories: tuple[str, ...]
    """In order of preference; empty: Trivy's own."""
    max_age: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineOptions:
    """`scan.baseline`: what is deployed now; one of manifests, tag and findings."""

    manifests: bool
    environment: str | None
    """Whose manifests; None: those of the config's own `pin`."""
    tag: str | None
    findings: str | None
    """A file below the config's directory; `{image}` stands for the image's name."""
    repositories: Mapping[str, Destination] | None = None
    """By image, where the tag is looked for, in a policy of the base revision; None: in the image's first one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """`scan.server`: the Trivy server whose database is asked."""

    url: str
    token: str | None = field(repr=False)
    """None: none is sent; empty where its variable isn't set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanOptions:
    """`scan`: the scanner and the gate."""

    gate: GatePolicy
    database: DatabaseOptions
    timeout: timedelta
    trivy_image: str
    """The container image Trivy is run from where it isn't on PATH."""
    policy_from: Literal["head", "base"]
    """Whose `scan` section counts on a pull request."""
    sbom: tuple[SbomFormat, ...]
    """The bills of materials that are made of a scan, beside what the CI system takes."""
    look_for: tuple[Category, ...]
    """Kinds of findings."""
    baseline: BaselineOptions | None
    """None: everything found counts."""
    server: ServerOptions | None
    """None: Trivy scans with a database of its own."""
    ignore_files: tuple[str, ...]
    """Files of ignored findings, relative to the config's directory. What they list is in `gate` already."""
    ignore_lifetime: timedelta
    """How long a finding may be ignored at most."""
