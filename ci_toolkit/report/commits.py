"""A commit in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.text import neutralise

if TYPE_CHECKING:
    from ci_toolkit.state import Commit


def commit_line(commit: Commit) -> str:
    """Which commit, where it is, how many files it changes, which request it is in."""
    files = "1 file" if len(commit.files) == 1 else f"{len(commit.files)} files"
    request = f", requested by {commit.request.url}" if commit.request else ""
    return neutralise(f"{commit.revision[:12]} on {commit.branch} of {commit.repository}  ({files}){request}")
