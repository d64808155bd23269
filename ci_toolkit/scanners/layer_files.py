"""The files of a layer, read as a Go program reads them, or not at all.

An archive can be written so that two readers see other files in it. Where Go's `archive/tar`, which scanners use, and
this one could differ, a layer is refused. What comes after the end marker nobody reads.

Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; Go 1.26, `src/archive/tar/reader.go`;
go-containerregistry 0.21, `internal/compression`: how a layer is compressed is told by its first bytes.
"""

from __future__ import annotations

import gzip
import posixpath
import re
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ci_toolkit.scanners import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BLOCK = 512
_CHUNK = 1024 * 1024
_MAX_HEADER = 1024 * 1024
"""As much as Go reads of names and pax records."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ([^=\n]+)=")
_SIZE = re.compile(rb"[0-9]{1,18}")
_REGULAR = (b"0", b"\0")
_EMPTY = (b"1", b"2", b"3", b"4", b"5", b"6")
"""Types that have no content for Go, whatever size their header says: links, devices, directories, pipes."""
_HOLES = b"GNU.sparse."
_RECORDS, _FOR_ALL, _LONG_NAME, _LONG_LINK, _SPARSE = b"x", b"g", b"L", b"K", b"S"


class Stream(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer only at the end."""


class DoubtfulLayerError(Exception):
    """Not every reader sees the same files in it; says why."""


DAMAGE = (OSError, EOFError, zlib.error, zstd.ZstdError, DoubtfulLayerError)
"""What reading a layer raises where it can't be read, or not beyond doubt."""


@dataclass(slots=True)
class _Pending:
    """What was said before a header, of the file that it is for."""

    records: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""


@contextmanager
def decompressed(path: Path) -> Iterator[Stream]:
    """A layer's archive. Reading it raises one of `DAMAGE` where it can't be read."""
    with path.open("rb") as blob:
        start = blob.read(len(_ZSTD))
        blob.seek(0)
        if start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=blob) as stream:
                yield stream
        elif start == _ZSTD:
            with zstd.ZstdFile(blob) as stream:
                yield stream
        else:
            yield blob


def files(stream: Stream, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Path, without a leading slash, and content of each regular file whose path is `wanted`.

    Raises DoubtfulLayerError where another reader could see other files, and EOFError where the archive is cut off.
    """
    pending = _Pending()
    while header := stream.read(_BLOCK):
        if len(header) < _BLOCK:
            raise EOFError
        if not any(header):
            return
        _check_sum(header)
        kind, size = header[156:157], _number(header[124:136])
        if kind in (_RECORDS, _LONG_NAME, _LONG_LINK, _FOR_ALL):
            pending = _noted(pending, kind, _special(stream, size))
            continue
        path, size = _path(header, pending), int(pending.records.get(b"size", b"") or size)
        _check_holes(path, pending, wanted)
        pending = _Pending()
        if kind == _SPARSE:
            _skip_map(stream, header)
        if kind in _EMPTY:
            continue
        if size and (path.endswith(b"/") or not path):
            message = f"{_shown(path)!r} has {size} bytes, and the name of a directory"
            raise DoubtfulLayerError(message)
        name = _name(path)
        if kind in _REGULAR and not path.endswith(b"/") and wanted(name):
            yield name, _exactly(stream, size)
        else:
            _skip(stream, size)
        _skip(stream, -size % _BLOCK)


def _noted(pending: _Pending, kind: bytes, content: bytes) -> _Pending:
    """What is known before the next header. Records for all files Go doesn't apply, and forgets the others at them."""
    if kind == _FOR_ALL:
        return _Pending()
    if kind == _LONG_LINK:
        return pending
    if pending.name or pending.records:
        message = "a file has two headers that name it"
        raise DoubtfulLayerError(message)
    return _Pending(name=content.partition(b"\0")[0]) if kind == _LONG_NAME else _Pending(records=_records(content))


def _records(content: bytes) -> dict[bytes, bytes]:
    found, at = {}, 0
    while at < len(content):
        record = _RECORD.match(content, at)
        end = at + int(record[1]) if record else 0
        if record is None or not record.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            message = f"a malformed pax record {content[at : at + 40]!r}"
            raise DoubtfulLayerError(message)
        key, value = record[2], content[record.end() : end - 1]
        if key == b"size" and value and not _SIZE.fullmatch(value):
            message = f"a pax record {_shown(key)!r} with {_shown(value[:40])!r}"
            raise DoubtfulLayerError(message)
        found[key] = value
        at = end
    return found


def _path(header: bytes, pending: _Pending) -> bytes:
    """Forms of headers differ in what comes before the name, which doesn't matter for what a file is."""
    name, is_ustar = header[:100].partition(b"\0")[0], header[257:263] == b"ustar\0"
    prefix = header[345:500].partition(b"\0")[0] if is_ustar else b""
    own = prefix + b"/" + name if prefix else name
    return pending.name or pending.records.get(b"path", b"") or own


def _check_holes(path: bytes, pending: _Pending, wanted: Callable[[str], bool]) -> None:
    """What a file with holes is called, and what its content is, its records say; nobody writes configuration so."""
    if any(key.startswith(_HOLES) for key in pending.records):
        for name in (path, pending.records.get(_HOLES + b"name", b"")):
            if wanted(_name(name)):
                message = f"{_shown(name)!r} has holes"
                raise DoubtfulLayerError(message)


def _check_sum(header: bytes) -> None:
    blank = header[:148] + b" " * 8 + header[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in blank) if max(blank) > 127 else sum(blank)
    if _number(header[148:156]) not in (sum(blank), signed):
        message = "a header whose checksum is wrong"
        raise DoubtfulLayerError(message)


def _number(field_: bytes) -> int:
    """Octal digits, or where they don't suffice a binary number."""
    if field_[0] == 0x80:
        return int.from_bytes(field_[1:])
    digits = _OCTAL.fullmatch(field_)
    if digits is None:
        message = f"a number {field_!r}"
        raise DoubtfulLayerError(message)
    return int(digits[1] or b"0", 8)


def _special(stream: Stream, size: int) -> bytes:
    if size > _MAX_HEADER:
        message = f"a header of {size} bytes"
        raise DoubtfulLayerError(message)
    content = _exactly(stream, size)
    _skip(stream, -size % _BLOCK)
    return content


def _skip_map(stream: Stream, header: bytes) -> None:
    """Old GNU sparse files: their map goes on in further blocks while a flag says so."""
    more = header[482]
    while more:
        more = _exactly(stream, _BLOCK)[504]


def _exactly(stream: Stream, size: int) -> bytes:
    return b"".join(_read(stream, size))


def _skip(stream: Stream, size: int) -> None:
    for _ in _read(stream, size):
        pass


def _read(stream: Stream, size: int) -> Iterator[bytes]:
    """So many bytes, without asking for more at once than there may be."""
    while size:
        chunk = stream.read(min(size, _CHUNK))
        if not chunk:
            raise EOFError
        size -= len(chunk)
        yield chunk


def _name(path: bytes) -> str:
    return posixpath.normpath(_shown(path)).lstrip("/")


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").lstrip("/")
