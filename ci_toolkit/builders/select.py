"""Chooses the builder: a BuildKit the environment names, else the builder there is if it can export OCI layouts.

Where it can't, one in a container is made, and where that can't be, the engine builds.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ci_toolkit.builders.base import STEP, UnsuitableBuilderError, shown_platforms
from ci_toolkit.builders.buildx import BuildxBuilder, create_argv
from ci_toolkit.builders.engine import EngineBuilder
from ci_toolkit.builders.remote import VARIABLE, RemoteBuilder
from ci_toolkit.errors import ToolError
from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_toolkit.builders.base import Builder, BuildRequest, Workspace
    from ci_toolkit.process import Runner
    from ci_toolkit.progress import Progress, Task

_CREATED = "ci-toolkit"
_CREATE_TIMEOUT = 300.0


def created_name(env: Mapping[str, str]) -> str:
    """The name of the builder that the toolkit makes for itself.

    Buildx names a container after it: on GitHub each runner has its own, for several may share an engine, and the
    action removes its builder at the end of a job.
    """
    runner = env.get("RUNNER_NAME", "")
    return f"{_CREATED}-{sha256(runner.encode()).hexdigest()[:8]}" if runner else _CREATED


def choose_builder(
    runner: Runner, env: Mapping[str, str], progress: Progress, *, name: str | None, create: bool
) -> Builder:
    """The builder for this config and environment: a `name` that is stated counts before BUILDKIT_HOST.

    Raises UsageError where that is no address.
    """
    if name is None and (address := env.get(VARIABLE)):
        return RemoteBuilder(runner, env, progress, address=address)
    return ChoosingBuilder(runner, env, progress, name=name, create=create)


class ChoosingBuilder:
    """Tries the builder that is there first: Buildx refuses at once, before it builds anything, what it can't export.

    So no question is asked beforehand, and the common case costs nothing. What was chosen stays chosen.
    """

    def __init__(
        self, runner: Runner, env: Mapping[str, str], progress: Progress, *, name: str | None, create: bool
    ) -> None:
        self._runner = runner
        self._progress = progress
        self._create = create
        self._first = BuildxBuilder(runner, env, progress, name=name)
        self._created_name = created_name(env)
        self._created = BuildxBuilder(runner, env, progress, name=self._created_name)
        self._engine = EngineBuilder(runner, env, progress)
        self._chosen: Builder = self._first
        self._creation_failed: ToolError | None = None

    def plan(self, request: BuildRequest, workspace: Workspace) -> Sequence[Action]:
        """The command of the builder that is there, and what is done instead where it can't export an OCI layout."""
        if request.push_to:
            layout = self.plan(replace(request, push_to=None), workspace)
            return [*self._first.plan(request, workspace), *_on("the builder can't push by digest", layout)]
        instead = "the builder can't export an OCI layout"
        actions = list(self._first.plan(request, workspace))
        if self._create:
            argv = create_argv(self._created_name)
            actions.append(Action(step=STEP, kind="command", summary="create a builder", argv=argv, when=instead))
            actions += _on(instead, self._created.plan(request, workspace))
            instead = "neither can it, nor can a builder be created"
        return [*actions, *_on(instead, self._engine.plan(request, workspace))]

    def build(self, request: BuildRequest, workspace: Workspace, task: Task) -> str:
        """Build with the first that can; raises ToolError where none can, with what to do."""
        if request.push_to:
            try:
                return self._first.build(request, workspace, task)
            except UnsuitableBuilderError as error:
                self._progress.info(f"{error.message}; so {request.name} is built as a layout, and pushed afterwards")
            request = replace(request, push_to=None)
        try:
            return self._chosen.build(request, workspace, task)
        except UnsuitableBuilderError as error:
            refusal = error
        self._progress.info(f"another builder is needed: {refusal.message}")
        if self._create and self._chosen is not self._created and self._created_is_there(task):
            self._chosen = self._created
            return self._chosen.build(request, _emptied(workspace), task)
        if len(request.platforms) > 1:
            raise self._no_builder(request, refusal) from refusal
        self._warn_of_the_engine(request)
        return self._engine.build(request, _emptied(workspace), task)

    def _created_is_there(self, task: Task) -> bool:
        if self._creation_failed:
            return False
        task.note(f"creating the builder {self._created_name}")
        done = self._runner.run(
            create_argv(self._created_name), timeout=_CREATE_TIMEOUT, on_line=self._progress.tool, check=False
        )
        if done.returncode == 0 or "existing instance" in done.stderr:
            return True
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        self._creation_failed = ToolError(f"the builder {self._created_name} can't be created: {reason}")
        self._progress.warn(self._creation_failed.message)
        return False

    def _warn_of_the_engine(self, request: BuildRequest) -> None:
        lost = ["provenance"] if request.provenance != "none" else []
        lost += ["rewritten file times"] if request.epoch is not None else []
        without = f", without {' and '.join(lost)}" if lost else ""
        self._progress.warn(f"{request.name} is built by the engine and its classic image store{without}")

    def _no_builder(self, request: BuildRequest, refusal: ToolError) -> ToolError:
        reason = self._creation_failed.message if self._creation_failed else refusal.message
        message = f"no builder can build {request.name} for {shown_platforms(request)}: {reason}"
        ways = ["turn on the engine's containerd image store", "name a docker-container builder as `builder.name`"]
        if not self._create:
            ways.append("allow one to be created (`builder.create: true`)")
        return ToolError(message, hint=", or ".join(ways))


def _on(condition: str, actions: Sequence[Action]) -> list[Action]:
    return [replace(action, when=f"{condition}, and {a}" if (a := action.when) else condition) for action in actions]


def _emptied(workspace: Workspace) -> Workspace:
    """What a refused attempt may have left, taken away."""
    shutil.rmtree(workspace.layout, ignore_errors=True)
    workspace.metadata.unlink(missing_ok=True)
    return workspace
