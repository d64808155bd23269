"""`docker save`'s archive as an OCI layout, every digest checked.

What is built is pushed, so its layers are compressed, the same way every time. What is looked into only is left as it
was saved, for compressing takes longer than all else.

Source: Docker Engine API, "Export several images"; since Engine 25 the archive is an OCI layout with uncompressed
layers and the older `manifest.json` beside it, which every engine writes and this reads.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import posixpath
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from ci_toolkit.errors import IntegrityError, ToolError
from ci_toolkit.layout import Layout
from ci_toolkit.model.digest import Digest
from ci_toolkit.model.oci import OCI_LAYER_GZIP, OCI_LAYER_TAR, Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ci_toolkit.builders.base import Workspace

_CHUNK = 1024 * 1024
_MAX_CONFIG = 16 * 1024 * 1024
_LEVEL = 6
_GZIP = b"\x1f\x8b"
_SAVE_AGAIN = "save one image, by itself, again; if it stays so, update the engine"


def to_layout(
    archive: Iterable[bytes], workspace: Workspace, annotations: Mapping[str, str], *, compress: bool = True
) -> None:
    """Write the one image of the archive to `workspace.layout`, with these annotations on its manifest.

    Raises IntegrityError where a layer isn't what the image's config says, ToolError for a broken archive or a
    full disk.
    """
    with unpacked(archive, workspace) as files:
        write_layout(files, Layout(workspace.layout), annotations, compress=compress)


def write_layout(
    files: Mapping[str, Path], layout: Layout, annotations: Mapping[str, str], *, compress: bool = True
) -> None:
    """Write the one image of an unpacked archive; raises IntegrityError where its parts don't agree."""
    layout.create()
    config, layers = _image(files)
    # One file may be several layers: an empty step gives the same layer every time.
    add = _add_compressed if compress else _add_as_saved
    packed = {file: add(layout, file, diff_id) for file, diff_id in dict(layers).items()}
    layout.write_image(config, [packed[file] for file, _ in layers], annotations)


@contextmanager
def unpacked(archive: Iterable[bytes], workspace: Workspace) -> Iterator[Mapping[str, Path]]:
    """The archive's files by their names there, compressed or not, while the block makes a layout of them.

    Raises ToolError for a broken archive or a full disk.
    """
    try:
        yield _unpack(archive, workspace.saved)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        message = f"the image's archive can't be written as a layout to {workspace.layout}: {error}"
        raise ToolError(message, hint="is the disk full, or the archive cut off?") from error
    finally:
        shutil.rmtree(workspace.saved, ignore_errors=True)


def _unpack(archive: Iterable[bytes], directory: Path) -> dict[str, Path]:
    """Every file of the archive by its name there; on disk the names are numbers, so that none can lead elsewhere."""
    directory.mkdir(parents=True)
    files: dict[str, Path] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=io.BufferedReader(_Stream(archive), _CHUNK), mode="r|*") as tar:
        for number, member in enumerate(tar):
            name = posixpath.normpath(member.name)
            if member.issym():
                links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
            elif member.isfile() and (content := tar.extractfile(member)):
                files[name] = directory / str(number)
                with files[name].open("wb") as stream:
                    shutil.copyfileobj(content, stream, _CHUNK)
    return files | {name: files[target] for name, target in links.items() if target in files}


def _image(files: Mapping[str, Path]) -> tuple[bytes, list[tuple[Path, str]]]:
    """The config's bytes, and each layer's file with the digest that the config says it has."""
    try:
        images = json.loads(files["manifest.json"].read_bytes())
        (image,) = images
        file = files[posixpath.normpath(image["Config"])]
        if file.stat().st_size > _MAX_CONFIG:
            message = "an image config of more than 16 MiB"
            raise IntegrityError(message)
        config = file.read_bytes()
        diff_ids: list[str] = json.loads(config)["rootfs"].get("diff_ids") or []
        layers = [files[posixpath.normpath(name)] for name in image["Layers"] or []]
        return config, list(zip(layers, diff_ids, strict=True))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else f"{error}"
        message = f"the archive isn't one whole image: {why}"
        raise IntegrityError(message, hint=_SAVE_AGAIN) from error


def _add_as_saved(layout: Layout, file: Path, diff_id: str) -> Descriptor:
    is_packed, size = _is_packed(file), file.stat().st_size
    with file.open("rb") as stream:
        digest = content = _digest(stream)
    if is_packed:
        with _uncompressed(file) as stream:
            content = _digest(stream)
    _check(content, diff_id)
    file.replace(layout.blob(digest))
    return Descriptor(OCI_LAYER_GZIP if is_packed else OCI_LAYER_TAR, digest, size)


def _add_compressed(layout: Layout, file: Path, diff_id: str) -> Descriptor:
    """Compress a layer into the layout: no name, no time, one level, so that the same layer has the same digest."""
    plain = hashlib.sha256()
    incoming = layout.blobs / f".incoming.{file.name}"
    with _uncompressed(file) as source, incoming.open("wb") as target:
        hashing = _Hashing(target)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=hashing, mtime=0) as packed:
            while chunk := source.read(_CHUNK):
                plain.update(chunk)
                packed.write(chunk)
    _check(Digest(f"sha256:{plain.hexdigest()}"), diff_id)
    digest = Digest(f"sha256:{hashing.sha256.hexdigest()}")
    incoming.replace(layout.blob(digest))
    file.unlink(missing_ok=True)
    return Descriptor(OCI_LAYER_GZIP, digest, hashing.size)


def _digest(stream: Any) -> Digest:
    return Digest(f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}")


def _check(content: Digest, diff_id: str) -> None:
    if str(content) != diff_id:
        message = f"a layer of the archive is {content} where its config says {diff_id}"
        raise IntegrityError(message, hint=_SAVE_AGAIN)


def _uncompressed(file: Path) -> BinaryIO:
    """A layer as its config knows it: `crane pull` and kaniko save it compressed."""
    return cast("BinaryIO", gzip.open(file)) if _is_packed(file) else file.open("rb")


def _is_packed(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(len(_GZIP)) == _GZIP


class _Hashing:
    """A file that knows the size and hash of what was written to it."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()


class _Stream(io.RawIOBase):
    """Chunks as the file that tarfile reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest or next(self._chunks, b"")
        size = min(len(buffer), len(data))
        buffer[:size], self._rest = data[:size], data[size:]
        return size
