"""Requests to merge, told in advance: nothing is connected for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.plan import Action

if TYPE_CHECKING:
    from ci_toolkit.errors import UsageError


def planned(step: str, noun: str, source: str, target: str, url: str) -> Action:
    """The request that is made; `noun`: what the host calls it."""
    summary = f"open a {noun} of {source} into {target}, or update the one that is open"
    when = "the branch was pushed, or the description isn't about what it holds"
    return Action(step=step, kind="request", summary=summary, method="POST", url=url, when=when)


def refused(step: str, why: UsageError) -> Action:
    """What is planned where none can be made."""
    return Action(step=step, kind="decide", summary=f"refused, because {why.message}", when="it is run")
