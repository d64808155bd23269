"""What every manifest format gives: where the images stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_toolkit.manifests.document import Document, Scalar


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An image in a manifest: the scalar that holds it and where it is used.

    `line` and `column` are those of the use, from 1: of the alias, where the scalar stands elsewhere.
    """

    scalar: Scalar
    document: int
    path: str
    line: int
    column: int


class ManifestFormat(Protocol):
    """A kind of manifest. Formats find; editing is the same for all."""

    def find(self, documents: Iterable[Document]) -> Iterator[ImagePlace]:
        """Every place that holds an image, in the order of the text."""
