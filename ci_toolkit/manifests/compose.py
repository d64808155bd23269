"""Compose files: what services run, mount and build on.

Source: the Compose specification (`services.*.image`, volumes of `type: image`, `build.additional_contexts`). The
image of a service with `build` is the name that Compose gives to what it builds, for every service that runs it, and a
name to be given takes no digest ("build tag cannot contain a digest").
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.scheme import behind_scheme
from ci_toolkit.manifests.spans import Lines, Source, in_order
from ci_toolkit.manifests.tree import Mapping, Scalar, read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import IMAGE, Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.base import ImageSpan
    from ci_toolkit.manifests.walk import Found

_NAME = re.compile(r"(?:.*[._-])?(?:docker-)?compose(?:[._-].*)?\.ya?ml")
_OBJECT = re.compile(r"^apiVersion:", re.MULTILINE)
_BUILT = "Compose builds it, and gives it this name"
_CONTEXT = re.compile(r"(?:[^=]*=)?docker-image://")
"""A context that is an image, behind its name where contexts are listed."""

DESCRIPTION = FormatDescription(
    name="Compose",
    files="`compose.yaml`, `docker-compose.yaml`, with more before or behind it (`docker-compose.test.yaml`); "
    "`.yml`, too; no Kubernetes manifest",
    places=(
        "`services.*.image`, without `build`",
        "`services.*.volumes[].source` of `type: image`",
        "`services.*.build.additional_contexts` with `docker-image://`",
    ),
    writes="",
)


class ComposeFormat(YamlFormat):
    """A Compose file, or one that overrides another."""

    name: ClassVar[str] = "compose"

    def takes(self, name: str, text: str) -> bool:
        """True for the names that Compose looks for, and variants of theirs, unless it is an object of Kubernetes."""
        return _NAME.fullmatch(PurePosixPath(name).name) is not None and not _OBJECT.search(text)

    def find(self, text: str) -> Iterator[ImageSpan]:
        """The images of all services; raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if isinstance(document.root, Mapping):
                yield from _spans(Source(text, lines, walk, document), Step(document.root))


def _spans(source: Source, root: Step) -> list[ImageSpan]:
    run: list[Found] = []
    built: list[Found] = []
    contexts: list[Found] = []
    for service in _below(source.walk, root, "services"):
        images = list(source.walk.images(service, {"image": IMAGE}))
        found = list(_contexts(source.walk, service))
        if source.walk.values(service, ("build",)):
            built += images
        else:
            run += images
        run += _mounted(source.walk, service)
        contexts += [each for each in found if "docker-image://" in each.scalar.value]
    made = source.references(built)
    names = {span.value for span in made}
    behind = (behind_scheme(source.text, span, _CONTEXT) for span in source.references(contexts))
    spans = [*made, *source.references(run)]
    return in_order(
        [
            *(replace(span, skipped=span.skipped or _BUILT) if span.value in names else span for span in spans),
            *(span for span in behind if span is not None),
        ]
    )


def _below(walk: Walk, start: Step, key: str) -> list[Step]:
    """The values of a mapping, or the items of a list, under a key."""
    below: list[Step] = []
    for _, value in walk.values(start, (key,)):
        here = walk.follow(value)
        if here is not None:
            below += [step for _, step in walk.values(here)] + walk.items(here)
    return [step for each in below if (step := walk.follow(each)) is not None]


def _mounted(walk: Walk, service: Step) -> Iterator[Found]:
    for volume in _below(walk, service, "volumes"):
        if walk.text(volume, "type") == "image":
            yield from walk.images(volume, {"source": IMAGE})


def _contexts(walk: Walk, service: Step) -> Iterator[Found]:
    for _, build in walk.values(service, ("build",)):
        here = walk.follow(build)
        for context in [] if here is None else _below(walk, here, "additional_contexts"):
            if isinstance(context.node, Scalar):
                yield from walk.images(context, IMAGE)
