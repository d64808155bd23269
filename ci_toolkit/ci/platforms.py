"""Which CI system this is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.ci.platform import Platform


def platform_of(env: Mapping[str, str]) -> Platform:
    """The CI system whose job this is, by its environment."""
    if env.get("GITHUB_ACTIONS") == "true":
        from ci_toolkit.ci.github import GitHub

        return GitHub(env)
    if env.get("GITLAB_CI") == "true":
        from ci_toolkit.ci.gitlab import GitLab

        return GitLab()
    from ci_toolkit.ci.platform import NoPlatform

    return NoPlatform()
