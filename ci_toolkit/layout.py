"""OCI image layouts on disk: the only module that reads and writes them (OCI image spec, image-layout.md)."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.files import write_atomically
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import (
    MAX_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    parse_document,
    parse_index,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_CHUNK = 1024 * 1024
_VERSION = b'{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True, slots=True)
class Layout:
    """An OCI image layout directory. Blobs are found by digest; nothing is kept in memory."""

    path: Path

    def create(self) -> None:
        """Make an empty layout, or leave the one that is there."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        if not (self.path / "oci-layout").is_file():
            write_atomically(self.path / "oci-layout", _VERSION)
        if not (self.path / "index.json").is_file():
            self.write_entries([])

    @property
    def blobs(self) -> Path:
        """The directory of sha256 blobs."""
        return self.path / "blobs" / "sha256"

    def blob(self, digest: Digest) -> Path:
        """Where the blob of this digest lies, or would."""
        return self.blobs / digest.hex

    def has(self, descriptor: Descriptor) -> bool:
        """True if a blob of this digest and size is there; the hash is not computed."""
        try:
            return self.blob(descriptor.digest).stat().st_size == descriptor.size
        except FileNotFoundError:
            return False

    def entries(self) -> tuple[Descriptor, ...]:
        """What index.json lists; raises ToolError where there is no layout, IntegrityError where it is broken."""
        file = self.path / "index.json"
        try:
            data = file.read_bytes()
        except OSError as error:
            message = f"no OCI image layout at {self.path}: {error.strerror}"
            raise ToolError(message, hint="run `ci-toolkit build`, or hand the layout of the build job on") from error
        return parse_index(data, OCI_INDEX).manifests

    def write_entries(self, entries: Iterable[Descriptor]) -> None:
        """Replace index.json."""
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [e.as_json() for e in entries]}
        write_atomically(self.path / "index.json", json.dumps(document, separators=(",", ":")).encode())

    def write_image(
        self, config: bytes, layers: Sequence[Descriptor], annotations: Mapping[str, str] | None = None
    ) -> None:
        """Make this the layout of one image, whose layers are there; the same input gives the same digest."""
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor(OCI_CONFIG, self.add(config), len(config)).as_json(),
            "layers": [layer.as_json() for layer in layers],
            **({"annotations": dict(sorted(annotations.items()))} if annotations else {}),
        }
        manifest = json.dumps(document, separators=(",", ":")).encode()
        self.write_entries([Descriptor(OCI_MANIFEST, self.add(manifest), len(manifest))])

    def root(self) -> Descriptor:
        """The one image of a build's layout; raises IntegrityError where there is none or several."""
        entries = self.entries()
        if len({entry.digest for entry in entries}) != 1:
            message = f"{self.path}/index.json lists {len(entries)} images where one was expected"
            raise IntegrityError(message, hint="run `ci-toolkit build` again")
        return entries[0]

    def read(self, descriptor: Descriptor, *, limit: int = MAX_MANIFEST) -> bytes:
        """A small blob whole, size and hash checked; raises IntegrityError."""
        file = self.blob(descriptor.digest)
        if descriptor.size > limit:
            message = f"{descriptor.digest} claims {descriptor.size} bytes, more than {limit} allowed for its kind"
            raise IntegrityError(message)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise self.unreadable(descriptor.digest, error) from error
        if len(data) != descriptor.size or Digest.of(data) != descriptor.digest:
            message = f"blob {descriptor.digest} of {self.path} holds other bytes"
            raise IntegrityError(message, hint="the layout was damaged or changed after the build: build again")
        return data

    def document(self, descriptor: Descriptor) -> Index | Manifest:
        """The index or manifest a descriptor points at."""
        return parse_document(self.read(descriptor), descriptor.media_type)

    def unreadable(self, digest: Digest, error: OSError) -> IntegrityError:
        """What it means that a blob can't be opened or read."""
        message = f"blob {digest} of {self.path} can't be read: {error.strerror}"
        return IntegrityError(message, hint="the layout is incomplete: build again")

    def open(self, digest: Digest) -> BinaryIO:
        """The blob as a stream."""
        return self.blob(digest).open("rb")

    def add(self, data: bytes) -> Digest:
        """Write a small blob; one that is there stays."""
        digest = Digest.of(data)
        if not self.blob(digest).is_file():
            write_atomically(self.blob(digest), data)
        return digest

    def add_stream(self, chunks: Iterable[bytes], expected: Descriptor) -> None:
        """Write a large blob as it arrives; raises IntegrityError, keeping nothing, if size or hash differ."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".incoming.", dir=self.blobs)
        temporary = Path(name)
        sha256, size = hashlib.sha256(), 0
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for chunk in chunks:
                    size += len(chunk)
                    sha256.update(chunk)
                    stream.write(chunk)
                stream.flush()
                os.fsync(descriptor)
            if size != expected.size or sha256.hexdigest() != expected.digest.hex:
                message = f"blob {expected.digest}: {size} bytes arrived with another size or hash"
                raise IntegrityError(message)
            temporary.chmod(0o644)
            temporary.replace(self.blob(expected.digest))
        except OSError as error:
            message = f"can't write {self.blob(expected.digest)}: {error.strerror or error}"
            raise ToolError(message) from error
        finally:
            temporary.unlink(missing_ok=True)

    def walk(self, root: Descriptor) -> Iterator[tuple[Descriptor, Index | Manifest]]:
        """Every index and manifest below `root`, children before their parents, each once.

        Raises IntegrityError for an index that contains itself, or one nested more than 8 deep.
        """
        yield from self._walk(root, (), set())

    def _walk(
        self, node: Descriptor, above: tuple[Digest, ...], seen: set[Digest]
    ) -> Iterator[tuple[Descriptor, Index | Manifest]]:
        if node.digest in above or len(above) > 8:
            message = f"index {node.digest} contains itself or is nested too deep"
            raise IntegrityError(message)
        if node.digest in seen:
            return
        seen.add(node.digest)
        document = self.document(node)
        if isinstance(document, Index):
            for child in document.manifests:
                if child.is_index or child.is_manifest:
                    yield from self._walk(child, (*above, node.digest), seen)
        yield node, document

    def verify(self, root: Descriptor, *, progress: Callable[[int], None] = lambda _: None) -> int:
        """Hash every blob below `root`, return their bytes' sum; raises IntegrityError at the first wrong one."""
        total, seen = 0, set[Digest]()
        for node, document in self.walk(root):
            total += node.size
            for blob in document.blobs if isinstance(document, Manifest) else ():
                if blob.digest not in seen:
                    seen.add(blob.digest)
                    self._verify_blob(blob, progress)
                    total += blob.size
        return total

    def _verify_blob(self, blob: Descriptor, progress: Callable[[int], None]) -> None:
        sha256, size = hashlib.sha256(), 0
        try:
            with self.open(blob.digest) as stream:
                while chunk := stream.read(_CHUNK):
                    sha256.update(chunk)
                    size += len(chunk)
                    progress(len(chunk))
        except OSError as error:
            raise self.unreadable(blob.digest, error) from error
        if size != blob.size or sha256.hexdigest() != blob.digest.hex:
            message = f"blob {blob.digest} of {self.path} has another size or hash than its manifest says"
            raise IntegrityError(message, hint="the layout was damaged or changed after the build: build again")
