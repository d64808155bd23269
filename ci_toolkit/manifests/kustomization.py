"""Kustomize's own files: the images that a build replaces. The text in patches is no place of an image.

Source: kustomize 5.8, `konfig.RecognizedKustomizationFileNames` and `types.Kustomization`, which takes a file without
`kind` for a Kustomization.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from ci_toolkit.manifests.base import FormatDescription
from ci_toolkit.manifests.kubernetes import object_images
from ci_toolkit.manifests.kustomize_images import kustomization_images
from ci_toolkit.manifests.spans import Lines, Source
from ci_toolkit.manifests.tree import Mapping, read_documents
from ci_toolkit.manifests.verify import YamlFormat
from ci_toolkit.manifests.walk import Step, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_toolkit.manifests.base import ImageSpan

_NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})

DESCRIPTION = FormatDescription(
    name="Kustomize",
    files="`kustomization.yaml`, `kustomization.yml`, `Kustomization`; any YAML of the kinds `Kustomization` and "
    "`Component` of `kustomize.config.k8s.io`",
    places=(
        "`images`, by `newName`, or else `name`: what an entry results in",
        "`helmCharts[].valuesInline`, as Helm values",
    ),
    writes="in `images`, `digest`, added where it isn't there, and `newTag` where it is there, in every style: "
    "Kustomize writes both. What patches hold stays as it is",
)


class KustomizationFormat(YamlFormat):
    """A file that Kustomize finds by its name."""

    name: ClassVar[str] = "kustomization"

    def takes(self, name: str, text: str) -> bool:  # noqa: ARG002
        """True for a file of one of Kustomize's names."""
        return PurePosixPath(name).name in _NAMES

    def find(self, text: str) -> Iterator[ImageSpan]:
        """The entries of `images`; an object with an `apiVersion` is what it says. Raises UnreadableError."""
        walk, lines = Walk(), Lines(text)
        for document in read_documents(text):
            if isinstance(document.root, Mapping):
                source, start = Source(text, lines, walk, document), Step(document.root)
                says = walk.text(start, "apiVersion")
                yield from object_images(source, start) if says else kustomization_images(source, start)
