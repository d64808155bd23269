"""GitHub's workflow commands as text: lines of a log that the runner obeys.

Source: GitHub, "Workflow commands for GitHub Actions"; actions/runner, `ActionCommand` (how data and properties are
unescaped) and `ExecutionContext.AddIssue` (what is cut).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ci_toolkit.model.annotation import Annotation

LONGEST_MESSAGE = 4096
"""UTF-16 units of a remark's message; GitHub cuts what is longer."""
_LONGEST_TITLE = 255
_SHORTEST_SECRET = 4
_LINE_ENDS = re.compile(r"[\r\n]+")


def command(name: str, data: str = "", **properties: str | int | None) -> str:
    """One command as a line. Empty properties are left out; nothing in data or properties ends the line or it."""
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value not in (None, ""))
    return f"::{name}{' ' if given else ''}{given}::{_data(data)}"


def remark(annotation: Annotation) -> str:
    """An annotation whose words are harmless and not too long already."""
    located = bool(annotation.file)
    return command(
        annotation.level,
        annotation.message,
        title=annotation.title[:_LONGEST_TITLE],
        file=annotation.file,
        line=annotation.line if located else None,
        col=annotation.column if located and annotation.line else None,
    )


def masks(forms: Collection[str]) -> Iterator[str]:
    """The commands that make the runner hide these secrets, the longest first.

    Line by line: a log never holds more than a line, and the runner would hide even `{` of a secret it is given whole.
    """
    lines = {line for form in forms for line in _LINE_ENDS.split(form)}
    for line in sorted(lines, key=lambda line: (-len(line), line)):
        if len(line.strip()) >= _SHORTEST_SECRET and _is_telling(line, forms):
            yield command("add-mask", line)


def shortened(message: str) -> str:
    """At most as much of a message as GitHub takes, with `…` where it was cut."""
    if len(message) * 2 <= LONGEST_MESSAGE or _units(message) <= LONGEST_MESSAGE:
        return message
    head = message.encode("utf-16-le")[: 2 * (LONGEST_MESSAGE - 1)]
    return head.decode("utf-16-le", "ignore") + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_telling(line: str, forms: Collection[str]) -> bool:
    """Whole secrets are; a line of one only where it is long enough to be no common word."""
    return line in forms or len(line.strip()) >= _SHORTEST_SECRET * 2


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
