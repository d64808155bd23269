"""The dotenv file by which a job on GitLab hands variables to later jobs.

Source: GitLab, "artifacts:reports:dotenv": 5 KB, 20 variables, names of letters, digits and `_`, no blank line, no
comment, no value of several lines, UTF-8. An instance may allow more, but nobody can tell from inside a job.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DOTENV = "gitlab.env"
"""Its name in the workdir."""
MOST_VARIABLES = 20
LARGEST = 5 * 1024
"""Bytes of the whole file."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VALUE = re.compile(r"[A-Za-z0-9._:/@+~-]+")
"""What digests, references, tags and versions are made of: nothing that a shell or GitLab expands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dotenv:
    """The file's bytes, and in plain words what is not in it."""

    data: bytes
    left_out: tuple[str, ...]


def dotenv(variables: Sequence[tuple[str, str]], redact: Callable[[str], str]) -> Dotenv:
    """As many of the variables as GitLab takes, from the first on; all after the first that doesn't fit are left out.

    Left out too: a name that several images claim, a value that holds a secret or something that could be expanded.
    """
    words: list[str] = []
    sound = list(_sound(variables, redact, words))
    kept: list[bytes] = []
    for name, value in sound[:MOST_VARIABLES]:
        line = f"{name}={value}\n".encode()
        if sum(map(len, kept)) + len(line) > LARGEST:
            break
        kept.append(line)
    if len(kept) < len(sound):
        missing = ", ".join(name for name, _ in sound[len(kept) :])
        words.append(f"GitLab takes {MOST_VARIABLES} variables and {LARGEST // 1024} KB of a job; left out: {missing}")
    return Dotenv(data=b"".join(kept), left_out=tuple(words))


def _sound(
    variables: Sequence[tuple[str, str]], redact: Callable[[str], str], words: list[str]
) -> Iterator[tuple[str, str]]:
    claims = Counter(name for name, _ in variables)
    for name, value in variables:
        if claims[name] > 1:
            words.append(f"{name} is left out: several images have this name once it is upper case")
            claims[name] = 0
        elif claims[name] and redact(value) != value:
            words.append(f"{name} is left out: its value holds a secret")
        elif claims[name] and not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            words.append(f"{name} is left out: its value holds characters that GitLab or a shell may read otherwise")
        elif claims[name]:
            yield name, value
