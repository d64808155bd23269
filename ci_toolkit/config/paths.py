"""Paths in the config: relative to the config's directory, and inside of it."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from ci_toolkit.errors import UsageError

_WINDOWS = re.compile(r"[A-Za-z]:|\\")


def check_relative(text: str) -> None:
    """Raise UsageError for what is no relative path on one line."""
    if not text or text != text.strip() or any(not c.isprintable() for c in text):
        message = f"{text[:100]!r} is no path"
        raise UsageError(message, hint="a path is one line of printable characters without blanks around it")
    if text.startswith("/") or _WINDOWS.match(text):
        message = f"{text[:100]!r} is an absolute path"
        raise UsageError(message, hint="write it relative to the config file, with '/' between its parts")
    if text.startswith("~"):
        message = f"{text[:100]!r}: ~ stands for no home directory here"
        raise UsageError(message, hint="write it relative to the config file")


def check_inside(text: str) -> None:
    """Raise UsageError for a path that isn't relative or steps upwards."""
    check_relative(text)
    if ".." in PurePosixPath(text).parts:
        message = f"{text[:100]!r} leads out of the config's directory"
        raise UsageError(message, hint="leave out '..', or move the config file upwards")


def check_pattern(text: str) -> None:
    """Raise UsageError for a file pattern that reaches outside, or where no manifest is."""
    check_inside(text)
    if ".git" in PurePosixPath(text).parts[:1]:
        message = f"{text[:100]!r}: nothing below .git is ever written"
        raise UsageError(message, hint="name the directory of the manifests")


def check_secret(text: str) -> None:
    """Raise UsageError for a secret's path that is neither absolute nor inside the config's directory."""
    if text.startswith("~"):
        message = f"{text[:100]!r}: ~ stands for no home directory here"
        raise UsageError(message, hint="write ${HOME} for it")
    if text.startswith("/"):
        check_relative(text.lstrip("/"))
    else:
        check_inside(text)


def steps_out(*parts: str) -> bool:
    """True where these relative paths, one after the other, lead above the directory they start from."""
    joined = os.path.normpath(str(PurePosixPath(*parts)))
    return joined.startswith("/") or PurePosixPath(joined).parts[:1] == ("..",)


def escapes(root: Path, *parts: str) -> bool:
    """True where symbolic links on the way lead out of `root`. What doesn't exist leads nowhere."""
    inside = Path(os.path.realpath(root))
    return not Path(os.path.realpath(root.joinpath(*parts))).is_relative_to(inside)
