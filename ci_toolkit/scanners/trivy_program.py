"""Which Trivy is run: the one that is named, the one on PATH, else the one in its container image."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_toolkit.errors import ToolError
from ci_toolkit.scanners.trivy_commands import Private, container

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ci_toolkit.process import Runner


@dataclass(frozen=True, kw_only=True, slots=True)
class TrivyProgram:
    """`image`: Trivy's container image, for machines without a `trivy` on PATH; `named`: one elsewhere."""

    runner: Runner
    image: str
    named: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets for its environment, on no command line."""

    def start(
        self, place: Private, *mounts: Path, online: bool = False, logins: Path | None = None
    ) -> tuple[str, ...]:
        """How a command begins. In a container it sees `place` and the `mounts`; the rest as for `container`."""
        if program := self._local():
            return (str(program),)
        user = f"{os.getuid()}:{os.getgid()}"
        mounted = (place.root, *mounts)
        passed = tuple(self.variables)
        return container(self.image, mounted, place.cwd, user=user, online=online, logins=logins, variables=passed)

    def run(self, argv: Sequence[str], place: Private, *, timeout: float, on_line: Callable[[str], None]) -> None:
        """Run a command that `start` began; raises ToolError, with what helps where the container image was tried."""
        try:
            self.runner.run(argv, cwd=place.cwd, env=self.variables, timeout=timeout, on_line=on_line)
        except ToolError as error:
            if self._local():
                raise
            tried = f"there is no `trivy` on PATH, so {self.image} was tried"
            raise ToolError(error.message, hint=f"{tried}: install Trivy, or make the image reachable") from error

    def _local(self) -> Path | None:
        return self.named or self.runner.which("trivy")
