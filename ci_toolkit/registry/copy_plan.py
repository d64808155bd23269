"""What a copy is going to do, as data: every read is done, nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ci_toolkit.model.attached import Artifact
    from ci_toolkit.model.oci import Descriptor
    from ci_toolkit.registry.client import Content
    from ci_toolkit.registry.graph import Node
    from ci_toolkit.registry.pointing import TagMove


@dataclass(frozen=True, slots=True)
class Attachment:
    """An artifact that the destination lacks: its manifests, children before parents, the artifact's own last."""

    artifact: Artifact
    nodes: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyPlan:
    """A copy of one image to one repository."""

    source: str
    """`HOST/PATH`, as is `destination`."""
    destination: str
    root: Content
    children: tuple[Descriptor, ...]
    """What an index names: platforms, attestations, anything."""
    present: bool
    """The destination has the root, and so all of the image."""
    mounts: bool
    """Both repositories are on one host, which is asked to mount blobs."""
    blobs: tuple[Descriptor, ...]
    """All that what is missing needs, the largest first; the destination may have some."""
    missing: tuple[Node, ...]
    """The image's manifests to write, children before parents, the root last."""
    artifacts: tuple[Artifact, ...]
    """Everything that is attached at the source."""
    attaching: tuple[Attachment, ...]
    """What of that the destination lacks."""
    left: tuple[Artifact, ...]
    """What of that isn't copied all the same; `warnings` says why."""
    tags: tuple[str, ...]
    moves: tuple[TagMove, ...]
    """The tags that have to be written, in order."""
    immutable: frozenset[str]
    warnings: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """True if the destination has the image and all that is attached to it, whatever its tags are."""
        return not (self.missing or self.attaching)

    @property
    def is_done(self) -> bool:
        """True if there is nothing to write."""
        return self.is_there and not self.moves

    def as_json(self) -> dict[str, Any]:
        """The plan for machines."""
        return {
            "source": self.source,
            "destination": self.destination,
            "digest": str(self.root.descriptor.digest),
            "present": self.present,
            "done": self.is_done,
            "manifests": [str(node.digest) for node in self.missing],
            "blobs": {
                "count": len(self.blobs),
                "bytes": sum(blob.size for blob in self.blobs),
                "how": "mount" if self.mounts else "copy",
            },
            "artifacts": [_artifact(artifact) for artifact in self.artifacts],
            "attach": [str(attachment.artifact.descriptor.digest) for attachment in self.attaching],
            "tags": [{"tag": m.tag, "before": str(m.before) if m.before else None} for m in self.moves],
            "unchanged": [tag for tag in self.tags if tag not in {move.tag for move in self.moves}],
            "warnings": list(self.warnings),
        }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "digest": str(artifact.descriptor.digest),
        "subject": str(artifact.subject),
        "type": artifact.artifact_type or None,
        "tag": artifact.tag or None,
    }
