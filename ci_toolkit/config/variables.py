"""`${VAR}` in values: replaced once, from the environment that was handed in. `$${` stands for `${`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_toolkit.config.characters import unprintable

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENING = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")
_ALONE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST = 64 * 1024


class Unresolvable(Exception):  # noqa: N818 a violation, found while replacing
    """Why a value can't be replaced: for people, without the value of any variable."""


def names(text: str) -> tuple[str, ...]:
    """The variables a value refers to, in order."""
    return tuple(match[1] for match in _OPENING.finditer(text) if match[1])


def has_any(text: str) -> bool:
    """True where replacing could change the text, or fail."""
    return "${" in text


def replaced(text: str, env: Mapping[str, str]) -> str:
    """The text with its variables' values, in which nothing is replaced again; raises Unresolvable."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if match[1] is None:
            message = "after ${ comes the name of a variable and }: letters, digits and _; write $${ for a plain ${"
            raise Unresolvable(message)
        return _value(match[1], env)

    if sum(len(env.get(name, "")) for name in names(text)) > _LONGEST:
        message = f"its variables hold more than {_LONGEST:,} characters"
        raise Unresolvable(message)
    return _OPENING.sub(value, text)


def only_variable(text: str) -> str | None:
    """The name, where the text is exactly one `${VAR}`."""
    match = _ALONE.fullmatch(text)
    return match[1] if match else None


def _value(name: str, env: Mapping[str, str]) -> str:
    if name not in env:
        message = f"the environment variable {name} is not set"
        raise Unresolvable(message)
    if bad := unprintable(env[name]):
        message = f"the environment variable {name} holds the control character {bad[1]}"
        raise Unresolvable(message)
    return env[name]


def secret(text: str | None, env: Mapping[str, str]) -> str | None:
    """None where the variable isn't there: then `Document` knew that nobody needs it."""
    if text is None:
        return None
    try:
        return replaced(text, env) or None
    except Unresolvable:
        return None


def later(text: str | None, env: Mapping[str, str]) -> str | None:
    """Empty where the variable isn't there, which counts only once it is used."""
    return None if text is None else secret(text, env) or ""
