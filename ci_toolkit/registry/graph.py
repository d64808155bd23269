"""Everything below a manifest, read from its repository: children before parents, raw bytes kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_toolkit.errors import IntegrityError, RemoteError
from ci_toolkit.model.links import Links, links_of
from ci_toolkit.model.oci import MAX_MANIFEST, Descriptor, is_media_type
from ci_toolkit.registry.client import Content
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.pointing import where

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ci_toolkit.model.digest import Digest
    from ci_toolkit.registry.client import RepositoryClient

_DEEPEST = 8
_MOST = 2000
"""Manifests below one root: no real image has that many, and each costs a request."""


@dataclass(frozen=True, slots=True)
class Node:
    """A manifest or index, and what it points at."""

    content: Content
    links: Links

    @property
    def digest(self) -> Digest:
        """The digest of its bytes."""
        return self.content.descriptor.digest


@dataclass(frozen=True, slots=True)
class Graph:
    """What was read. `nodes`: children before parents, the root last; `blobs`: each once, the largest first."""

    nodes: tuple[Node, ...]
    blobs: tuple[Descriptor, ...]


def node_of(content: Content) -> Node:
    """The node of content that was fetched; raises IntegrityError for a broken document."""
    return Node(content, links_of(content.data, content.descriptor.media_type))


def read_graph(repository: RepositoryClient, root: Node, *, without: Collection[Digest] = ()) -> Graph:
    """Fetch everything below a root, a level at a time; `without`: what needn't be looked into.

    A child of an unknown kind is a manifest where the registry has it as one, else a blob. Raises RemoteError for a
    child that isn't there, IntegrityError for wrong bytes and for what is nested more than 8 deep, HttpError.
    """
    found: dict[Digest, Node] = {root.digest: root}
    depth: dict[Digest, int] = {root.digest: 0}
    loose: dict[Digest, Descriptor] = {}
    level, deep = _below([root], without), 0
    while level:
        deep += 1
        if deep > _DEEPEST or len(found) + len(level) > _MOST:
            message = f"{where(repository)}@{root.digest} contains itself, or more than an image can"
            raise IntegrityError(message, hint="this is no image: look at what made it")
        new = [child for child in level if child.digest not in found and child.digest not in loose]
        for child, node in zip(new, each(lambda c: _fetch(repository, c), new, workers=WORKERS), strict=True):
            if node is None:
                loose[child.digest] = child
            else:
                found[child.digest] = node
        inner = [found[child.digest] for child in level if child.digest in found]
        depth.update((node.digest, deep) for node in inner)
        level = _below(inner, without)
    nodes = tuple(found[digest] for digest in sorted(depth, key=lambda digest: -depth[digest]))
    return Graph(nodes, _by_size({b.digest: b for node in nodes for b in node.links.blobs} | loose))


def _below(nodes: Iterable[Node], without: Collection[Digest]) -> list[Descriptor]:
    children = {child.digest: child for node in nodes for child in node.links.manifests}
    return [child for digest, child in children.items() if digest not in without]


def _by_size(blobs: dict[Digest, Descriptor]) -> tuple[Descriptor, ...]:
    return tuple(sorted(blobs.values(), key=lambda blob: -blob.size))


def _fetch(repository: RepositoryClient, child: Descriptor) -> Node | None:
    known = child.is_manifest or child.is_index
    if child.media_type and not is_media_type(child.media_type):
        message = f"{where(repository)}: an index names {child.digest} with {child.media_type[:60]!r} as its type"
        raise IntegrityError(message)
    if child.size > MAX_MANIFEST:
        if not known:
            return None
        message = f"{where(repository)}: manifest {child.digest} claims {child.size} bytes, {MAX_MANIFEST} are allowed"
        raise IntegrityError(message)
    content = repository.content(str(child.digest), accept="" if known else child.media_type)
    if content is None:
        if not known:
            return None
        message = f"{where(repository)} lacks {child.digest}, which its index names"
        raise RemoteError(message, hint="the source image is incomplete: push it anew, or take another digest")
    if len(content.data) != child.size:
        message = f"{where(repository)}: {child.digest} has {len(content.data)} bytes, its index says {child.size}"
        raise IntegrityError(message)
    media_type = child.media_type or content.descriptor.media_type
    return node_of(
        Content(Descriptor(media_type, child.digest, child.size, child.platform, child.annotations), content.data)
    )
