"""What a command has to work with where there is no config."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.ci.platform import Platform
    from ci_toolkit.cli.settings import Settings
    from ci_toolkit.progress import Progress


@contextmanager
def without_config(settings: Settings) -> Iterator[tuple[Platform, Progress]]:
    """The CI system, and progress on standard error."""
    from ci_toolkit.cli.here import platform_here
    from ci_toolkit.cli.progress import chosen_progress
    from ci_toolkit.redact import Redactor

    env = dict(os.environ)
    platform = platform_here(env)
    with chosen_progress(settings, Redactor(), env, platform) as progress:
        yield platform, progress
