"""Whether this is a CI job: where it isn't, a login that only a job can have is nobody's mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_ci(env: Mapping[str, str]) -> bool:
    """True in a CI job; a CI system that says nothing but `CI` counts."""
    return any(env.get(name, "").lower() == "true" for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI"))
