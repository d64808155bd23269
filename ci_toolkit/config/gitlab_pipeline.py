"""The first pipeline of a project on GitLab: what `init --gitlab` writes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.config.scalars import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_toolkit.config.delivery import Delivery

PATH = ".gitlab-ci.yml"
_PUBLISHED = "https://raw.githubusercontent.com/ci-toolkit/ci-toolkit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the pipeline is to run, and what it is made of."""

    config: str
    """The config file, relative to the top of the repository."""
    version: str
    """Of the templates."""
    commit: str | None
    """The commit that the version's tag points at; None where it isn't known."""
    templates: Path
    """The directory of this version's templates."""


def write_pipeline(wanted: Delivery, place: Place) -> str:
    """The text of a pipeline that does what a config wants."""
    words = f"# Delivers the images of {place.config}. Written by `ci-toolkit init --gitlab`; it is yours to change.\n"
    return words + write_includes(wanted, place)


def write_includes(wanted: Delivery, place: Place) -> str:
    """Its `include:` alone, for a pipeline that is there already."""
    shared = {"config": place.config, "workdir": _workdir(place)} if "/" in place.config else {}
    if wanted.identity_pools:
        shared["google-audience"] = f"https://iam.googleapis.com/{wanted.identity_pools[0]}"
    lines = ["include:", *_include("template", place, shared)]
    after = "pin"
    for environment in wanted.environments:
        chosen = {"environment": environment, "after": after, "when": "on_success" if after == "pin" else "manual"}
        lines += _include("promote", place, shared | chosen)
        after = f"promote-{environment}"
    return "\n".join(lines) + "\n"


def _workdir(place: Place) -> str:
    return f"{place.config.rpartition('/')[0]}/.ci-toolkit"


def _include(name: str, place: Place, inputs: dict[str, str]) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256((place.templates / f"{name}.yml").read_bytes()).digest()).decode()
    revision = place.commit or f"v{place.version}"
    yield f"  - remote: {_PUBLISHED}/{revision}/templates/gitlab/{name}.yml # v{place.version}"
    yield f"    integrity: sha256-{digest}"
    if inputs:
        yield "    inputs:"
        yield from (f"      {key}: {one_line(value)}" for key, value in inputs.items())
