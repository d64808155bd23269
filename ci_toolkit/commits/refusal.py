"""What git and the servers behind it say when a push or a fetch fails, and what that means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.process import Completed

Kind = Literal["moved", "away", "protected", "denied", "other"]
"""`moved`: the branch isn't where it was; `away`: the server doesn't answer well just now: both may be tried again."""

_KINDS: Mapping[Kind, re.Pattern[str]] = {
    "protected": re.compile(
        r"protected branch|GH006|GH013|repository rule violations|push code to protected|not allowed to push to this "
        r"branch",
        re.IGNORECASE,
    ),
    "denied": re.compile(
        r"authentication failed|could not read (?:username|password)|permission denied|access denied|write access "
        r"to repository not granted|permission to \S+ denied|returned error: 40[134]|repository not found|not allowed "
        r"to (?:push|upload)|insufficient permission|host key verification failed|unable to create temporary object",
        re.IGNORECASE,
    ),
    "moved": re.compile(
        r"non-fast-forward|fetch first|stale info|cannot lock ref|incorrect old value provided|failed to update ref"
        r"|failed to lock|reference already exists|is at [0-9a-f]{40,64} but expected",
        re.IGNORECASE,
    ),
    "away": re.compile(
        r"could not resolve|couldn't resolve|connection (?:reset|refused|timed out|closed)|failed to connect|timed out"
        r"|operation too slow|early eof|unexpected disconnect|recv error|send error"
        r"|ssl_error_syscall|returned error: (?:429|5\d\d)|internal server error"
        r"|bad gateway|service unavailable|temporarily unavailable|unpacker error|remote end hung up",
        re.IGNORECASE,
    ),
}
"""Judged in this order: a server that refuses for good often hangs up afterwards. Sources: git's remote.c, refs.c and
receive-pack.c; GitLab's Gitaly ("incorrect old value provided"); GitHub, "About protected branches"."""

_HINTS: Mapping[Kind, str] = {
    "protected": "let this job's identity push to the branch (a bypass for its app, a deploy key or token that may), "
    "or commit to another branch with `commit.branch`",
    "denied": "give the job the right to write: `permissions: contents: write` on GitHub, a deploy key or token with "
    "write access elsewhere",
    "away": "run it again: what is there already isn't made twice",
    "moved": "run it again; runs that commit to one branch are better kept in a row (`concurrency` on GitHub, "
    "`resource_group` on GitLab)",
    "other": "the lines above are what git and the server said",
}
_NOISE = re.compile(r"^(?:hint:|To |Done$|Enumerating|Counting|Compressing|Writing|Delta|Total|$)")
_MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something didn't come to pass at the remote."""

    kind: Kind
    said: str
    """The words of git and the server, on lines of their own."""

    @property
    def is_passing(self) -> bool:
        """True where trying again may help."""
        return self.kind in ("moved", "away")

    @property
    def hint(self) -> str:
        """What to do next."""
        return _HINTS[self.kind]


def refusal_of(failed: Completed) -> Refusal:
    """The meaning of a `git push --porcelain`, `fetch` or `ls-remote` that failed."""
    words = f"{failed.stdout}\n{failed.stderr}"
    kind: Kind = next((kind for kind, pattern in _KINDS.items() if pattern.search(words)), "other")
    lines = [line.expandtabs(1).strip() for line in words.splitlines()]
    told = [line for line in lines if not _NOISE.match(line.removeprefix("remote:").strip())]
    return Refusal(kind, "".join(f"\n  {line[:500]}" for line in told[:_MOST_LINES]))
