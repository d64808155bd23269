"""The images of the local engine, reached as the docker command reaches it."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ci_toolkit.builders.saved import to_layout
from ci_toolkit.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient
    from docker.models.images import Image

    from ci_toolkit.builders.base import Workspace
    from ci_toolkit.process import Runner

_CHUNK = 1024 * 1024
_TIMEOUT = 600
"""Seconds without a byte from the engine; it gathers large images for a while before the first one."""


class LocalEngine:
    """The engine on this machine, to read images from."""

    def __init__(self, runner: Runner, env: Mapping[str, str]) -> None:
        self._runner = runner
        self._env = env

    def save(self, name: str, workspace: Workspace) -> None:
        """Write the image of this name or id to `workspace.layout`; raises ToolError where the engine hasn't it."""
        from docker.errors import ImageNotFound

        with connected(self._runner, self._env) as engine:
            try:
                image = engine.images.get(name)
            except ImageNotFound as error:
                message = f"the local engine has no image {name}"
                raise ToolError(message, hint="`docker images` lists what it has") from error
            to_layout(saved(image), workspace, {}, compress=False)


@contextmanager
def connected(runner: Runner, env: Mapping[str, str]) -> Iterator[DockerClient]:
    """A client of the engine; what it fails with in the block is a ToolError."""
    from docker import DockerClient
    from docker.errors import DockerException

    # What docker-py lets through of its HTTP client is an OSError.
    host = _host(runner)
    tls = env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_TLS")
    try:
        client = (
            DockerClient.from_env(environment={**env, "DOCKER_HOST": host}, timeout=_TIMEOUT)
            if tls
            else DockerClient(base_url=host, timeout=_TIMEOUT)
        )
        with closing(client):
            yield client
    except (DockerException, OSError) as error:
        message = f"the engine at {host} failed: {str(error)[:500]}"
        raise ToolError(message, hint="is the engine running, and is there room on its disk?") from error


def saved(image: Image) -> Iterator[bytes]:
    """The image as `docker save` gives it; the engine's failure, an OSError too, can't be taken for the disk's."""
    from docker.errors import DockerException

    try:
        yield from image.save(chunk_size=_CHUNK)
    except (DockerException, OSError) as error:
        message = f"the engine can't save the image: {str(error)[:500]}"
        raise ToolError(message, hint="is there room on the engine's disk, and a file in the image?") from error


def _host(runner: Runner) -> str:
    """Where the docker command finds its engine, contexts and all."""
    argv = ("docker", "context", "inspect", "--format={{json .Endpoints.docker.Host}}")
    answer = json.loads(runner.run(argv, timeout=60).stdout)
    return str(answer)
