"""What `handoff` and `quarantine` need of one another, and of the repositories that images end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_toolkit.model.reference import LayoutRepository, parse_destination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_toolkit.config.violations import Path as Place

    Report = Callable[[Place, str], None]


def check_handoff(config: Mapping[str, Any], written: Mapping[str, Any], report: Report) -> None:
    """Report a quarantine repository that is missing, of no use, or deployed from; places that can't be copied to."""
    handoff, quarantine = config.get("handoff"), config.get("quarantine")
    if handoff == "registry" and "quarantine" not in written:
        report(("handoff",), "images need a repository to wait in: name one that nobody deploys as `quarantine`")
    if handoff == "artifact" and quarantine is not None:
        report(("quarantine",), "it goes with `handoff: registry` alone: set that, or leave this out")
    if handoff != "registry":
        return
    for place, text in _repositories(config):
        destination = parse_destination(text)
        if isinstance(destination, LayoutRepository):
            report(
                place, "`handoff: registry` copies from registry to registry: name one, or take `handoff: artifact`"
            )
        elif quarantine is not None and destination == parse_destination(quarantine):
            report(place, "this is the quarantine repository: what waits for the gate must be where nobody deploys it")


def _repositories(config: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every repository that images end in, with its place in the config."""
    for name, image in config.get("images", {}).items():
        for index, text in enumerate((image or {}).get("repositories", ())):
            if text is not None:
                yield ("images", name, "repositories", index), text
    for environment, options in config.get("environments", {}).items():
        for name, repositories in (options or {}).get("repositories", {}).items():
            for index, text in enumerate(repositories or ()):
                if text is not None:
                    yield ("environments", environment, "repositories", name, index), text
