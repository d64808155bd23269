"""The classic image store: `docker buildx build --load`, then the engine's image as an OCI layout.

One platform, no attestations; file times in layers are the engine's own.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ci_toolkit.builders.base import STEP, UnsuitableBuilderError, shown_platforms
from ci_toolkit.builders.buildx import run_build, source_arguments
from ci_toolkit.builders.saved import to_layout
from ci_toolkit.errors import ToolError
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker import DockerClient
    from docker.models.images import Image

    from ci_toolkit.builders.base import BuildRequest, Workspace
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress, Task

NAME = "classic engine"
_CHUNK = 1024 * 1024
_TIMEOUT = 600
"""Seconds without a byte from the engine; it gathers large images for a while before the first one."""


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
        with self._engine() as engine:
            image = engine.images.get(image_id)
            try:
                to_layout(_chunks(image), workspace, request.annotations)
            finally:
                # Only the untagged image of this build goes; the engine keeps what has a name.
                _remove_unnamed(engine, image_id)
        return NAME

    @contextmanager
    def _engine(self) -> Iterator[DockerClient]:
        from docker import DockerClient
        from docker.errors import DockerException

        # What docker-py lets through of its HTTP client is an OSError.
        host = self._host()
        tls = self._env.get("DOCKER_TLS_VERIFY") or self._env.get("DOCKER_TLS")
        try:
            client = (
                DockerClient.from_env(environment={**self._env, "DOCKER_HOST": host}, timeout=_TIMEOUT)
                if tls
                else DockerClient(base_url=host, timeout=_TIMEOUT)
            )
            with _closing(client):
                yield client
        except (DockerException, OSError) as error:
            message = f"the engine at {host} failed: {str(error)[:500]}"
            raise ToolError(message, hint="is the engine still running, and is there room on its disk?") from error

    def _host(self) -> str:
        """Where the docker command finds its engine, contexts and all."""
        argv = ("docker", "context", "inspect", "--format={{json .Endpoints.docker.Host}}")
        answer = json.loads(self._runner.run(argv, timeout=60).stdout)
        return str(answer)


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


def _chunks(image: Image) -> Iterator[bytes]:
    """The image as `docker save` gives it; the engine's failure, an OSError too, can't be taken for the disk's."""
    from docker.errors import DockerException

    try:
        yield from image.save(chunk_size=_CHUNK)
    except (DockerException, OSError) as error:
        message = f"the engine can't save the image it built: {str(error)[:500]}"
        raise ToolError(message, hint="is there room on the engine's disk, and a file in the image?") from error


@contextmanager
def _closing(client: DockerClient) -> Iterator[None]:
    try:
        yield
    finally:
        client.close()


def _remove_unnamed(engine: Any, image_id: str) -> None:
    from docker.errors import APIError

    try:
        if not engine.images.get(image_id).tags:
            engine.images.remove(image_id, noprune=True)
    except APIError:
        # Another image or container needs it: then it isn't ours alone.
        return
