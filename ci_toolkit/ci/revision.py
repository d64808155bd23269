"""A file as another revision has it; a revision that a shallow clone lacks is fetched, alone and under no name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_toolkit.errors import ToolError, ToolkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_toolkit.git import Git
    from ci_toolkit.redact import Redactor

_SHORT = 12
_HINT = "check out with `fetch-depth: 0` (actions/checkout), or `GIT_DEPTH: 0` (GitLab)"
_FETCH = (
    *("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
)
_AS_IT_IS = "--no-replace-objects"
"""A replacement that lies in the clone speaks for no revision."""
_FILES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class FileThen:
    """A file of a revision: where it was, from the checkout's top, and what it held."""

    path: str
    data: bytes


def short(revision: str) -> str:
    """A commit id as it is shown."""
    return revision[:_SHORT]


def file_then(git: Git, revision: str, paths: Sequence[str], redact: Redactor, *, fetch: bool) -> FileThen | None:
    """The first of these paths, from the checkout's top, that is in this revision; None where none is.

    `git` must hand output on unredacted. `redact` learns the origin's credentials before anything is fetched. Raises
    ToolError where the revision can't be had, and for what is no plain file of UTF-8 text.
    """
    listed = _listed(git, revision, paths)
    if listed is None and fetch:
        _fetch(git, revision, redact)
        listed = _listed(git, revision, paths)
    if listed is None:
        raise _not_there(revision)
    found = {path: (mode, blob, size) for mode, blob, size, path in listed}
    for path in paths:
        if path in found:
            return FileThen(path, _content(git, f"{short(revision)}:{path}", *found[path]))
    return None


def _listed(git: Git, revision: str, paths: Sequence[str]) -> list[tuple[str, str, str, str]] | None:
    """Mode, object, size and path of what is there; None where the revision isn't."""
    done = git.run(_AS_IT_IS, "ls-tree", "-z", "-l", "--full-tree", revision, "--", *paths, check=False)
    if done.returncode != 0:
        return None
    entries = (entry.partition("\t") for entry in done.stdout.split("\0") if entry)
    return [(*_mode_object_size(facts), path) for facts, _, path in entries]


def _mode_object_size(facts: str) -> tuple[str, str, str]:
    mode, _, blob, size = facts.split()
    return mode, blob, size


def _content(git: Git, name: str, mode: str, blob: str, size: str) -> bytes:
    if mode not in _FILES:
        message = f"{name} is no plain file"
        raise ToolError(message, hint="a config is a plain file: no directory, no symbolic link")
    data = git(_AS_IT_IS, "cat-file", "blob", blob).encode()
    if str(len(data)) != size:  # what can't be decoded was replaced on the way
        message = f"{name} is no UTF-8 text"
        raise ToolError(message, hint="save it as UTF-8")
    return data


def _fetch(git: Git, revision: str, redact: Redactor) -> None:
    origin = git("config", "--get", "remote.origin.url", check=False).strip()
    if not origin:
        raise _not_there(revision, ", and there is no remote called origin to fetch it from")
    _learn(origin, redact)
    is_shallow = git("rev-parse", "--is-shallow-repository", check=False).strip() == "true"
    try:
        git(*_FETCH, *(["--depth=1"] if is_shallow else []), "origin", revision)
    except ToolkitError as error:
        raise _not_there(revision, f", and can't be fetched: {redact(error.message)}") from error


def _learn(origin: str, redact: Redactor) -> None:
    try:
        parts = urlsplit(origin)
        secrets = (parts.password, parts.username) if parts.scheme in ("http", "https") else (parts.password,)
    except ValueError:
        return
    for secret in secrets:
        if secret:
            redact.add(secret)


def _not_there(revision: str, why: str = "") -> ToolError:
    return ToolError(f"the base revision {short(revision)} isn't in this clone{why}", hint=_HINT)
