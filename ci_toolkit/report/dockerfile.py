"""Where in a Dockerfile an image's packages come from, as far as one line can say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
_TAKES_HEREDOC = re.compile(r"(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_ESCAPE = re.compile(r"#\s*escape\s*=\s*`\s*$", re.IGNORECASE)


def from_line(text: str, target: str | None = None) -> int:
    """The line, from 1, of the FROM that starts the stage which is built: `target`, else the last one.

    1 where there is none. Source: Docker's Dockerfile reference: stages, escape directive, here-documents.
    """
    found = 1
    for number, instruction in _instructions(text):
        match = _FROM.match(instruction)
        if match:
            found = number
            if target and (match["stage"] or "").lower() == target.lower():
                return number
    return found


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Every instruction on one line, with the number of its first: comments and here-documents left out."""
    lines = iter(enumerate(text.splitlines(), start=1))
    escape = "`" if text and _ESCAPE.match(text.splitlines()[0]) else "\\"
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = line.strip()
        while whole.endswith(escape):
            _, more = next(lines, (0, ""))
            if not more.lstrip().startswith("#"):
                whole = f"{whole[:-1].rstrip()} {more.strip()}"
            else:
                whole = f"{whole[:-1].rstrip()} {escape}"
        yield number, whole
        if _TAKES_HEREDOC.match(whole):
            for end in _HEREDOC.findall(whole):
                while (more := next(lines, (0, end))[1]).lstrip("\t") != end:
                    del more
