"""An image as it is shown to people: platforms, attestations, what is attached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_toolkit.model.attached import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_toolkit.model.attached import Artifact
    from ci_toolkit.model.digest import Digest
    from ci_toolkit.model.oci import Descriptor


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformView:
    """One platform. `size`: bytes of its config and its layers as they are stored, compressed mostly."""

    platform: str
    """Empty for a manifest that says nothing of a platform: a chart, say."""
    digest: Digest
    size: int
    layers: int
    created: str = ""
    """As the config says it; builds that can be reproduced say 1970 or the commit's time."""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "platform": self.platform or None,
            "digest": str(self.digest),
            "size": self.size,
            "layers": self.layers,
            "created": self.created or None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AttestationView:
    """A manifest of BuildKit's beside a platform, with the in-toto statements it holds."""

    digest: Digest
    platform: str
    """Of what it speaks."""
    predicates: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The statements in words."""
        return tuple(dict.fromkeys(kind_of(predicate) for predicate in self.predicates))

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"digest": str(self.digest), "platform": self.platform or None, "predicates": list(self.predicates)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageView:
    """All that `inspect` shows."""

    reference: str
    root: Descriptor
    platforms: tuple[PlatformView, ...]
    attestations: tuple[AttestationView, ...] = ()
    others: tuple[Descriptor, ...] = ()
    """Children of an index that are neither platforms nor attestations."""
    attached: tuple[Artifact, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    """What it is where it is no image: the type the manifest states."""

    def name_of(self, digest: Digest) -> str:
        """A manifest of this image as people call it: `the index`, `linux/amd64`; else its short digest."""
        if digest == self.root.digest:
            return "the index" if self.root.is_index else "the image"
        found = (view.platform for view in self.platforms if view.digest == digest)
        return next(found, "") or digest.short

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "reference": self.reference,
            "digest": str(self.root.digest),
            "mediaType": self.root.media_type,
            "artifactType": self.artifact_type or None,
            "platforms": [view.as_json() for view in self.platforms],
            "attestations": [view.as_json() for view in self.attestations],
            "others": [other.as_json() for other in self.others],
            "attached": [_attached(artifact) for artifact in self.attached],
            "annotations": dict(self.annotations),
        }


def _attached(artifact: Artifact) -> dict[str, Any]:
    return {
        "digest": str(artifact.descriptor.digest),
        "subject": str(artifact.subject),
        "kind": artifact.kind,
        "artifactType": artifact.artifact_type or None,
        "tag": artifact.tag or None,
        "annotations": dict(artifact.descriptor.annotations),
    }
