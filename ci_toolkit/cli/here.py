"""The CI system that a call of the tool runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.ci.platform import Platform


class Here:
    """Finds out where we are when it is first asked: `--version` never asks."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._platform: Platform | None = None

    @property
    def platform(self) -> Platform:
        """The one platform of this call: it remembers what was said already."""
        if self._platform is None:
            from ci_toolkit.ci.platforms import platform_of

            self._platform = platform_of(self._env)
        return self._platform


def platform_here(env: Mapping[str, str]) -> Platform:
    """The platform of the command that runs, or by `env` where none does."""
    context = click.get_current_context(silent=True)
    here = context.find_object(Here) if context else None
    return (here or Here(env)).platform
