"""Builds by a BuildKit that is reached at an address, by Buildx's remote driver: no container engine is needed.

Source: docs.docker.com/build/building/variables (BUILDKIT_HOST), docs.docker.com/build/builders/drivers/remote.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ci_toolkit.builders.base import STEP
from ci_toolkit.builders.buildx import BuildxBuilder
from ci_toolkit.errors import ToolError, UsageError
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.builders.base import BuildRequest, Workspace
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress, Task

VARIABLE = "BUILDKIT_HOST"
_SCHEMES = ("tcp://", "unix://")
_TIMEOUT = 60.0


class RemoteBuilder:
    """A BuildKit at `address`, such as `tcp://buildkit:1234`; raises UsageError for what is no such address."""

    def __init__(self, runner: Runner, env: Mapping[str, str], progress: Progress, *, address: str) -> None:
        if not address.startswith(_SCHEMES) or any(character.isspace() for character in address):
            message = f"{VARIABLE} is {address!r}, which is no address of a BuildKit"
            raise UsageError(message, hint="write it like tcp://buildkit:1234, or unset it")
        self._runner = runner
        self._progress = progress
        self._address = address
        self._name = remote_name(address)
        self._builder = BuildxBuilder(runner, env, progress, name=self._name)

    def plan(self, request: BuildRequest, workspace: Workspace) -> Sequence[Action]:
        """What makes the address known to Buildx, and the build."""
        argv = remote_argv(self._name, self._address)
        known = Action(step=STEP, kind="command", summary=f"use the BuildKit at {self._address}", argv=argv)
        return [replace(known, when="Buildx doesn't know it yet"), *self._builder.plan(request, workspace)]

    def build(self, request: BuildRequest, workspace: Workspace, task: Task) -> str:
        """See `Builder.build`; Buildx waits for a BuildKit that has only just been started."""
        argv = remote_argv(self._name, self._address)
        done = self._runner.run(argv, timeout=_TIMEOUT, on_line=self._progress.tool, check=False)
        if done.returncode != 0 and "existing instance" not in done.stderr:
            reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
            message = f"the BuildKit at {self._address} can't be used: {reason}"
            raise ToolError(message, hint=f"mend {VARIABLE}, or unset it")
        return self._builder.build(request, workspace, task)


def remote_name(address: str) -> str:
    """The name of the builder for an address: each has its own, so that a name never means another BuildKit."""
    return f"ci-toolkit-{sha256(address.encode()).hexdigest()[:8]}"


def remote_argv(name: str, address: str) -> tuple[str, ...]:
    """The command that makes an address known to Buildx; nothing is started."""
    return ("docker", "buildx", "create", f"--name={name}", "--driver=remote", address)
