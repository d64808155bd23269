"""Working out what a copy comes to: what the destination lacks of an image and of what is attached to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_toolkit.model.attached import holds_all
from ci_toolkit.model.digest import Digest
from ci_toolkit.registry.copy_plan import Attachment, CopyPlan
from ci_toolkit.registry.crew import WORKERS, each
from ci_toolkit.registry.graph import Graph, node_of, read_graph
from ci_toolkit.registry.missing import find, lost
from ci_toolkit.registry.pointing import look, where
from ci_toolkit.registry.referrers import Referrers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_toolkit.model.attached import Artifact
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import RepositoryClient
    from ci_toolkit.registry.graph import Node


class CopyPlanner:
    """Plans one copy; see `ImageCopy.plan`."""

    def __init__(self, source: RepositoryClient, destination: RepositoryClient) -> None:
        self._source, self._destination = source, destination
        self._same_host = source.host.name == destination.host.name
        self._same_repository = self._same_host and source.path == destination.path
        self._left: list[tuple[Artifact, str]] = []

    def plan(self, reference: str, tags: Sequence[str], immutable: frozenset[str], *, artifacts: bool) -> CopyPlan:
        """See `ImageCopy.plan`."""
        root, present = self._root(reference)
        moves = look(self._destination, root.digest, tags, immutable)
        graph = self._graph(root, present=present)
        attached: tuple[Artifact, ...] = ()
        if artifacts and not self._same_repository:
            attached = Referrers(self._source).below(_manifests(graph.nodes))
        attaching = self._lacking(attached)
        missing = () if present else graph.nodes
        return CopyPlan(
            source=where(self._source),
            destination=where(self._destination),
            root=root.content,
            children=root.links.manifests,
            present=present,
            mounts=self._same_host,
            blobs=_blobs([*([] if present else [graph]), *(graph for _, graph in attaching)]),
            missing=missing,
            artifacts=attached,
            attaching=tuple(Attachment(artifact, graph.nodes) for artifact, graph in attaching),
            tags=tuple(tags),
            moves=moves,
            immutable=immutable,
            left=tuple(artifact for artifact, _ in self._left),
            warnings=tuple(warning for _, warning in self._left),
        )

    def _root(self, reference: str) -> tuple[Node, bool]:
        """The root, and whether the destination has it: then it is read there, for Docker Hub counts what is read."""
        # A digest is asked for once, where it is going to be read.
        known = reference.startswith("sha256:")
        digest = Digest(reference) if known else find(self._source, reference).digest
        present = self._same_repository or self._destination.resolve(str(digest)) is not None
        content = (self._destination if present else self._source).content(str(digest))
        if content is None:
            raise lost(self._source, str(digest))
        return node_of(content), present

    def _graph(self, root: Node, *, present: bool) -> Graph:
        """All that the destination lacks. Of an image that it has only the indexes are read, for what they name."""
        if self._same_repository:
            return Graph((root,), ())
        children = root.links.manifests
        there = {child.digest for child in children if present and not child.is_index}
        if not present and not self._same_host:
            # Saves looking for each blob; on one host a mount costs no more than this look.
            found = each(lambda child: self._destination.resolve(str(child.digest)), children, workers=WORKERS)
            there = {child.digest for child, now in zip(children, found, strict=True) if now and not child.is_index}
        return read_graph(self._source, root, without=there)

    def _lacking(self, artifacts: Sequence[Artifact]) -> list[tuple[Artifact, Graph]]:
        """The artifacts that the destination lacks, with what they consist of."""
        there = Referrers(self._destination)
        subjects = tuple({a.subject for a in artifacts if not a.tag})
        listed = each(there.of, subjects, workers=WORKERS)
        known = {(found.subject, found.descriptor.digest) for batch in listed for found in batch}
        wanted = [a for a in artifacts if a.tag or (a.subject, a.descriptor.digest) not in known]
        graphs = each(self._wanted, wanted, workers=WORKERS)
        return [(artifact, graph) for artifact, graph in zip(wanted, graphs, strict=True) if graph]

    def _wanted(self, artifact: Artifact) -> Graph | None:
        """What an artifact consists of; None where there is nothing to copy."""
        name = artifact.tag or str(artifact.descriptor.digest)
        now = self._destination.resolve(artifact.tag) if artifact.tag else None
        if now and now.digest == artifact.descriptor.digest:
            return None
        content = self._source.content(str(artifact.descriptor.digest), accept=artifact.descriptor.media_type)
        if content is None:
            warning = f"{where(self._source)} lists {name} of {artifact.subject}, but doesn't have it"
            self._left.append((artifact, warning))
            return None
        if now and not self._adds_to(content.data, artifact, now):
            return None
        return read_graph(self._source, node_of(content))

    def _adds_to(self, data: bytes, artifact: Artifact, now: Descriptor) -> bool:
        """True if cosign's manifest holds what the destination's holds, and more."""
        there = self._destination.content(str(now.digest))
        if there is None or holds_all(there.data, data):
            return there is None
        if holds_all(data, there.data):
            return True
        warning = (
            f"{where(self._destination)}:{artifact.tag} stays as it is: it holds something that the source's, "
            f"{artifact.descriptor.digest.short}, doesn't, and cosign's manifests can't be merged"
        )
        self._left.append((artifact, warning))
        return False


def _manifests(nodes: Iterable[Node]) -> list[Digest]:
    """The digests of these nodes and of the manifests they name, root first."""
    found = {node.digest for node in nodes} | {m.digest for node in nodes for m in node.links.manifests}
    return sorted(found, key=str)


def _blobs(graphs: Iterable[Graph]) -> tuple[Descriptor, ...]:
    blobs = {blob.digest: blob for graph in graphs for blob in graph.blobs}
    return tuple(sorted(blobs.values(), key=lambda blob: -blob.size))
