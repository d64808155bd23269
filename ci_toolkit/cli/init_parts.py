"""What every `init --PLATFORM` does: find the config or write a first one, and learn what it wants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_toolkit.ci.git import origin_address
from ci_toolkit.cli.init import create
from ci_toolkit.config.delivery import delivery_of, read_delivery
from ci_toolkit.config.find import NAME, find
from ci_toolkit.config.initial import write_initial
from ci_toolkit.config.parse import parse
from ci_toolkit.config.paths import escapes
from ci_toolkit.config.violations import Violations
from ci_toolkit.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from ci_toolkit.config.delivery import Delivery
    from ci_toolkit.process import Runner

REPOSITORY = "https://github.com/ci-toolkit/ci-toolkit"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundConfig:
    """The config that a pipeline is written for."""

    path: Path
    text: str
    """What it is to be written with; "" where it is there already."""
    wanted: Delivery

    def write(self) -> None:
        """Write it where it isn't there yet."""
        if self.text:
            create(self.path, self.text)

    def words(self) -> Iterator[str]:
        """What was written, for a person."""
        if self.text:
            yield f"wrote {self.path}: read it through, then try `ci-toolkit plan`"


def place_for(checkout: Path | None, name: str, platform: str, example: str) -> Path:
    """Where the pipeline's file belongs; raises UsageError where there is no checkout, or a link leads out of it."""
    if checkout is None:
        message = f"{Path.cwd()} is in no git checkout: {platform} reads pipelines from one"
        raise UsageError(message, hint=f"git init && git remote add origin {example}")
    if escapes(checkout, name):
        message = f"{checkout / name} is outside of the checkout, by a symbolic link"
        raise UsageError(message, hint="put a real directory or file in the link's place")
    return checkout / name


def config_of(runner: Runner, checkout: Path, given: re.Pattern[str]) -> FoundConfig:
    """The config that counts here, or the first one of this project. `given`: variables that every job has."""
    try:
        path = find(Path.cwd().resolve())
    except ConfigError:
        text = write_initial(checkout, origin_address(runner, checkout))
        root = parse(text, Violations())
        if root is None:
            raise AssertionError(text) from None
        return FoundConfig(path=checkout / NAME, text=text, wanted=delivery_of(root, given))
    return FoundConfig(path=path, text="", wanted=read_delivery(path, given))
