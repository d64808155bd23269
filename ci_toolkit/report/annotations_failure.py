"""A failure as remarks at the lines to mend, where its error names some."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ci_toolkit.errors import ConfigError
from ci_toolkit.model.annotation import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.errors import SourceLine, ToolkitError

_VIOLATION = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9}):(?P<column>[0-9]{1,9}): (?P<message>.*)", re.DOTALL)
"""As errors write them: `file:line:column: message`."""


def failure_annotations(
    failure: ToolkitError, *, place: SourceLine | None = None, root: str = ""
) -> Iterator[Annotation]:
    """What failed and what to do next, at its place; of a ConfigError every violation, each at its own.

    Nothing for a failure of no place: that is the run's last word anyway.

    `place`: of the failure, relative to the repository's top. `root`: the directory there that the violations' files
    are relative to.
    """
    found = [_VIOLATION.fullmatch(v) for v in failure.violations] if isinstance(failure, ConfigError) else []
    for violation in found:
        if violation:
            yield Annotation(
                level="error",
                title=failure.message,
                message=violation["message"],
                file=str(PurePosixPath(root, violation["file"])),
                line=int(violation["line"]),
                column=int(violation["column"]),
            )
    if place and not any(found):
        first = failure.message.partition("\n")[0].removesuffix(":").removesuffix("; its last lines")
        yield Annotation(
            level="error",
            title="ci-toolkit failed",
            message=f"{first}. Next: {failure.hint}" if failure.hint else first,
            file=place.file,
            line=place.line,
        )
