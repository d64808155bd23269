"""Tag rules: rules and a context in, tags out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["branch", "default-branch", "tag", "pull-request", "schedule", "version", "highest-version"]


@dataclass(frozen=True, slots=True)
class TagRule:
    """A template such as `sha-{sha:7}`, and the condition under which it applies."""

    tag: str
    when: When | None = None
    timezone: str = "UTC"
