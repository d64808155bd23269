"""Leaves the workdir out of a build's context.

With `COPY . .` the layouts and the state would end in the image, and no two runs would build the same one. BuildKit
takes no pattern by flag, but prefers `NAME.dockerignore` beside the Dockerfile to the context's `.dockerignore`
(Docker docs, "Build context", Dockerignore files): so the Dockerfile is built from a copy with such a file beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.builders.base import BuildRequest, Workspace


def dockerfile(request: BuildRequest, workspace: Workspace) -> Path:
    """The Dockerfile to build from: the project's own, or its copy."""
    return workspace.source / request.dockerfile.name if request.left_out else request.dockerfile


def write_copy(request: BuildRequest, workspace: Workspace) -> None:
    """Write the copy and its ignore file, where the request leaves something out. Raises ToolError."""
    if not request.left_out:
        return
    copy = dockerfile(request, workspace)
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(request.dockerfile.read_bytes())
        # The last pattern that matches decides: nothing before it can let the workdir in again.
        ignored = _project_patterns(request) + b"\n" + _pattern(request.left_out).encode() + b"\n"
        copy.with_name(f"{copy.name}.dockerignore").write_bytes(ignored)
    except OSError as error:
        message = f"can't prepare the build of {request.name} in {workspace.source}: {error}"
        raise ToolError(message) from error


def _project_patterns(request: BuildRequest) -> bytes:
    own = request.dockerfile.with_name(f"{request.dockerfile.name}.dockerignore")
    for file in (own, request.context / ".dockerignore"):
        if file.is_file():
            return file.read_bytes()
    return b""


def _pattern(path: str) -> str:
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)
