"""Who commits, as git takes it from its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_toolkit.git import Git

GITHUB_BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
"""Shown with the bot's picture. Source: actions/checkout, README, "Push a commit using the built-in token"."""
NOBODY = ("ci-toolkit", "ci-toolkit@localhost")


def identity(git: Git, stated: tuple[str, str] | None, *, on_github: bool) -> dict[str, str]:
    """The variables for author and committer: name and address as stated, the bot's on GitHub, git's own, or ours."""
    name, address = stated or (GITHUB_BOT if on_github else _configured(git)) or NOBODY
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": address,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": address,
    }


def _configured(git: Git) -> tuple[str, str] | None:
    name, address = (git("config", "--get", f"user.{key}", check=False).strip() for key in ("name", "email"))
    return (name, address) if name and address else None
