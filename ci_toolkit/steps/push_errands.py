"""What a push step has to do: an errand for each repository of each image, ordered, and sorted by host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.model.reference import LayoutRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.reference import Destination
    from ci_toolkit.registry.outcome import Outcome
    from ci_toolkit.state import ImageState

    Bring = Callable[[Destination, Sequence[str], Collection[str]], Outcome]
    """Brings one image to a destination and points the tags at it, some of them immutable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One image to one repository. `number`: its place in the config, which decides the order of what is told."""

    number: int
    image: str
    destination: Destination
    digest: Digest
    bring: Bring
    tags: tuple[str, ...]
    """In the order they are written."""
    immutable: Collection[str]


def ordered_tags(image: ImageState) -> tuple[str, ...]:
    """Immutable tags first, for what is refused is refused early; moving ones last, for whoever follows them."""
    fixed, moving = set(image.immutable_tags), set(image.moving_tags)
    return tuple(sorted(image.tags, key=lambda tag: 0 if tag in fixed else 2 if tag in moving else 1))


def lanes(errands: Iterable[Errand]) -> Sequence[Sequence[Errand]]:
    """The errands by host: one after the other there, so that a repository's blobs are mounted into the next."""
    by_host: dict[str, list[Errand]] = {}
    for errand in errands:
        to = errand.destination
        by_host.setdefault("oci:" if isinstance(to, LayoutRepository) else to.registry, []).append(errand)
    return list(by_host.values())


def errands_of(
    images: Mapping[str, tuple[ImageState, Digest, Bring]], destinations: Mapping[str, Sequence[Destination]]
) -> Sequence[Errand]:
    """An errand for each destination of each image, in the config's order."""
    pairs = [(name, destination) for name in images for destination in destinations[name]]
    return [
        Errand(
            number=number,
            image=name,
            destination=destination,
            digest=images[name][1],
            bring=images[name][2],
            tags=ordered_tags(images[name][0]),
            immutable=images[name][0].immutable_tags,
        )
        for number, (name, destination) in enumerate(pairs)
    ]
