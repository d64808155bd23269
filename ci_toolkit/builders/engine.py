"""The classic image store: `docker buildx build --load`, then the engine's image as an OCI layout.

One platform, no attestations; file times in layers are the engine's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.builders.base import STEP, UnsuitableBuilderError, shown_platforms
from ci_toolkit.builders.buildx import run_build, source_arguments
from ci_toolkit.builders.engine_images import connected, saved
from ci_toolkit.builders.saved import to_layout
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.builders.base import BuildRequest, Workspace
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress, Task

NAME = "classic engine"


class EngineBuilder:
    """The engine itself, reached as the docker command reaches it."""

    def __init__(self, runner: Runner, env: Mapping[str, str], progress: Progress) -> None:
        self._runner = runner
        self._env = env
        self._progress = progress

    def plan(self, request: BuildRequest, workspace: Workspace) -> Sequence[Action]:
        """The build, and the engine's image written as a layout."""
        if len(request.platforms) > 1:
            return []
        load = f"build {request.name} for {shown_platforms(request)} into the engine"
        save = f"save the engine's image {request.name} as an OCI layout"
        return [
            Action(step=STEP, kind="command", image=request.name, summary=load, argv=load_argv(request, workspace)),
            Action(step=STEP, kind="write", image=request.name, summary=save, path=str(workspace.layout)),
        ]

    def build(self, request: BuildRequest, workspace: Workspace, task: Task) -> str:
        """Build; raises `UnsuitableBuilderError` for several platforms, ToolError where build or engine fail."""
        if len(request.platforms) > 1:
            message = f"the classic image store holds one platform, not {shown_platforms(request)}"
            raise UnsuitableBuilderError(message)
        run_build(self._runner, load_argv(request, workspace), request, self._env, self._progress, task)
        image_id = workspace.image_id.read_text(encoding="ascii").strip()
        task.note("saving the image from the engine")
        with connected(self._runner, self._env) as engine:
            image = engine.images.get(image_id)
            try:
                to_layout(saved(image), workspace, request.annotations)
            finally:
                # Only the untagged image of this build goes; the engine keeps what has a name.
                _remove_unnamed(engine, image_id)
        return NAME


def load_argv(request: BuildRequest, workspace: Workspace) -> tuple[str, ...]:
    """The command that builds into the engine's own image store."""
    return (
        "docker",
        "buildx",
        "build",
        "--builder=default",
        *source_arguments(request, workspace),
        "--provenance=false",
        f"--iidfile={workspace.image_id}",
        "--load",
        str(request.context),
    )


def _remove_unnamed(engine: Any, image_id: str) -> None:
    from docker.errors import APIError

    try:
        if not engine.images.get(image_id).tags:
            engine.images.remove(image_id, noprune=True)
    except APIError:
        # Another image or container needs it: then it isn't ours alone.
        return
